import type { Variant } from './network.ts'
import { TimmResNet, type TimmResNetOptions, type TimmResNetSpec, timmResNetOptions } from './resnet-timm.ts'
import { basicBlock, bottleneck } from './resnet-timm-blocks.ts'
import type { SENetName } from './senet.metadata.ts'

const deep: TimmResNetOptions = { stem: 'deep', stemWidth: 32, avgDown: true }
const tiered: TimmResNetOptions = { ...deep, stem: 'tiered' }
const groups = (cardinality: number, baseWidth: number): TimmResNetOptions => ({ cardinality, baseWidth })

const variant = (spec: TimmResNetSpec, defaults: TimmResNetOptions = {}): Variant<TimmResNetOptions> => ({
  options: timmResNetOptions,
  create: (options) => new TimmResNet(spec, { attention: 'se', ...defaults, ...options }),
})

const specs = {
  18: { block: basicBlock, depths: [2, 2, 2, 2] },
  26: { block: bottleneck, depths: [2, 2, 2, 2] },
  34: { block: basicBlock, depths: [3, 4, 6, 3] },
  50: { block: bottleneck, depths: [3, 4, 6, 3] },
  101: { block: bottleneck, depths: [3, 4, 23, 3] },
  152: { block: bottleneck, depths: [3, 8, 36, 3] },
} satisfies Record<number, TimmResNetSpec>

export const variants: Readonly<Record<SENetName, Variant<TimmResNetOptions>>> = {
  seresnet18: variant(specs[18]),
  seresnet34: variant(specs[34]),
  seresnet50: variant(specs[50]),
  seresnet50t: variant(specs[50], tiered),
  seresnet101: variant(specs[101]),
  seresnet152: variant(specs[152]),
  seresnet152d: variant(specs[152], deep),
  seresnext26d_32x4d: variant(specs[26], { ...deep, ...groups(32, 4) }),
  seresnext26t_32x4d: variant(specs[26], { ...tiered, ...groups(32, 4) }),
  seresnext50_32x4d: variant(specs[50], groups(32, 4)),
  seresnext101_32x4d: variant(specs[101], groups(32, 4)),
  seresnext101_32x8d: variant(specs[101], groups(32, 8)),
  seresnext101d_32x8d: variant(specs[101], { ...deep, ...groups(32, 8) }),
  seresnext101_64x4d: variant(specs[101], groups(64, 4)),
  senet154: variant(specs[152], {
    ...groups(64, 4),
    stem: 'deep',
    downKernelSize: 3,
    blockReduceFirst: 2,
  }),
}
