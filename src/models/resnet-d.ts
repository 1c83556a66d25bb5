import type { Variant } from './network.ts'
import type { ResNetDName } from './resnet-d.metadata.ts'
import { TimmResNet, type TimmResNetOptions, type TimmResNetSpec, timmResNetOptions } from './resnet-timm.ts'
import { basicBlock, bottleneck } from './resnet-timm-blocks.ts'

/** A stem of three 3x3 convolutions and averaging shortcuts: He et al. 2018's ResNet-D. */
const deep: TimmResNetOptions = { stem: 'deep', stemWidth: 32, avgDown: true }
const tiered: TimmResNetOptions = { ...deep, stem: 'tiered' }

const variant = (spec: TimmResNetSpec, defaults: TimmResNetOptions = deep): Variant<TimmResNetOptions> => ({
  options: timmResNetOptions,
  create: (options) => new TimmResNet(spec, { ...defaults, ...options }),
})

export const variants: Readonly<Record<ResNetDName, Variant<TimmResNetOptions>>> = {
  resnet10t: variant({ block: basicBlock, depths: [1, 1, 1, 1] }, tiered),
  resnet14t: variant({ block: bottleneck, depths: [1, 1, 1, 1] }, tiered),
  resnet18d: variant({ block: basicBlock, depths: [2, 2, 2, 2] }),
  resnet26d: variant({ block: bottleneck, depths: [2, 2, 2, 2] }),
  resnet26t: variant({ block: bottleneck, depths: [2, 2, 2, 2] }, tiered),
  resnet34d: variant({ block: basicBlock, depths: [3, 4, 6, 3] }),
  resnet50d: variant({ block: bottleneck, depths: [3, 4, 6, 3] }),
  resnet50t: variant({ block: bottleneck, depths: [3, 4, 6, 3] }, tiered),
  resnet101d: variant({ block: bottleneck, depths: [3, 4, 23, 3] }),
  resnet152d: variant({ block: bottleneck, depths: [3, 8, 36, 3] }),
  resnet200d: variant({ block: bottleneck, depths: [3, 24, 36, 3] }),
  resneta10: variant({ block: basicBlock, depths: [1, 1, 1, 1] }),
  resnetabc14b: variant({ block: bottleneck, depths: [1, 1, 1, 1] }),
}
