import { BatchNorm2d, Conv2d, Identity, Module, ModuleList, ReLU, Sequential, Upsample } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { BasicBlock, type Bottleneck } from './resnet.ts'

/** A convolution and batch normalization. */
export const convNorm = (
  from: number,
  to: number,
  kernelSize: number,
  stride = 1,
  bias = false,
): Module[] => [
  new Conv2d(from, to, kernelSize, { stride, padding: (kernelSize - 1) / 2, bias }),
  new BatchNorm2d(to),
]

/** Residual blocks as ResNet's, the first with a projection where the channels change. */
export function blocksOf(
  block: typeof BasicBlock | typeof Bottleneck,
  from: number,
  planes: number,
  count: number,
): Sequential {
  const to = planes * block.expansion
  const shared = { planes, stride: 1, groups: 1, baseWidth: 64, dilation: 1 } as const
  const plain = { strideInFirst: false, attention: null, attentionName: '' }
  const normLayer = (channels: number): BatchNorm2d => new BatchNorm2d(channels)
  const layers = Array.from({ length: count }, (_, i) => {
    const inplanes = i === 0 ? from : to
    const downsample = inplanes === to ? null : new Sequential(...convNorm(inplanes, to, 1))
    return new block({ ...shared, ...plain, inplanes, downsample, normLayer })
  })
  return new Sequential(...layers)
}

/** A 3x3 convolution with stride 2, as often as given; all but the last keep the channels. */
function strided(from: number, to: number, times: number, lastActivation: boolean): Sequential {
  const steps = Array.from({ length: times }, (_, i) => {
    const last = i === times - 1
    return new Sequential(
      ...convNorm(from, last ? to : from, 3, 2),
      ...(last && !lastActivation ? [] : [new ReLU()]),
    )
  })
  return new Sequential(...steps)
}

/** The sum, rectified, of all branches brought to the resolution and channels of one. */
class Fusion extends ModuleList {
  constructor(branch: number, channels: readonly number[]) {
    const own = channels[branch]!
    super(
      channels.map((theirs, i) => {
        if (i === branch) return new Identity()
        if (i < branch) return strided(theirs, own, branch - i, false)
        return new Sequential(...convNorm(theirs, own, 1), new Upsample({ scaleFactor: 2 ** (i - branch) }))
      }),
    )
  }

  override forward(branches: readonly Tensor[]): Tensor {
    const parts: Tensor[] = [...this].map((layer, i) => layer.forward(branches[i]!))
    return parts.reduce((sum, part) => sum.add(part)).relu()
  }
}

/** Parallel branches of residual blocks that exchange what they found (Wang et al. 2019, section 3). */
export class HighResolutionModule extends Module {
  branches: ModuleList
  fuse_layers: ModuleList

  constructor(channels: readonly number[], blocks: number) {
    super()
    this.branches = new ModuleList(channels.map((width) => blocksOf(BasicBlock, width, width, blocks)))
    this.fuse_layers = new ModuleList(channels.map((_, i) => new Fusion(i, channels)))
  }

  /** Takes and gives one map for each branch, from fine to coarse. */
  override forward(x: readonly Tensor[]): Tensor[] {
    const y: Tensor[] = [...this.branches].map((branch, i) => branch.forward(x[i]!))
    return [...this.fuse_layers].map((fusion) => fusion.forward(y))
  }
}

/** The branches of the next stage: the old ones, and one at half of the coarsest's resolution. */
export class Transition extends ModuleList {
  constructor(from: readonly number[], to: readonly number[]) {
    super(
      to.map((width, i) => {
        if (i >= from.length) return strided(from.at(-1)!, width, i + 1 - from.length, true)
        return from[i] === width
          ? new Identity()
          : new Sequential(...convNorm(from[i]!, width, 3), new ReLU())
      }),
    )
  }

  override forward(x: readonly Tensor[]): Tensor[] {
    return [...this].map((layer, i) => layer.forward(x[i] ?? x.at(-1)!))
  }
}
