import {
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Module,
  ModuleList,
  Sequential,
  Upsample,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import { ConvNormAct } from './blocks/index.ts'

/** Two 3x3 convolutions beside a shortcut, projected where the channels or the size change. */
export class HourglassResidual extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d
  bn2: BatchNorm2d
  skip: Sequential

  constructor(inChannels: number, outChannels: number, stride = 1) {
    super()
    this.conv1 = new Conv2d(inChannels, outChannels, 3, { stride, padding: 1, bias: false })
    this.bn1 = new BatchNorm2d(outChannels)
    this.conv2 = new Conv2d(outChannels, outChannels, 3, { padding: 1, bias: false })
    this.bn2 = new BatchNorm2d(outChannels)
    this.skip =
      stride === 1 && inChannels === outChannels
        ? new Sequential()
        : new Sequential(
            new Conv2d(inChannels, outChannels, 1, { stride, bias: false }),
            new BatchNorm2d(outChannels),
          )
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.bn1.forward(this.conv1.forward(x)).relu()
    const skipped: Tensor = this.skip.forward(x)
    return this.bn2.forward(this.conv2.forward(hidden)).add(skipped).relu()
  }
}

/**
 * SqueezeNet's fire module with a depthwise 3x3 half (Law et al. 2019, section 4): half of the channels by a 1x1 convolution,
 * half by a depthwise one, beside a shortcut where neither channels nor size change.
 */
export class FireModule extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  conv_1x1: Conv2d
  conv_3x3: Conv2d
  bn2: BatchNorm2d
  readonly #skips: boolean

  constructor(inChannels: number, outChannels: number, stride = 1) {
    super()
    const half = outChannels / 2
    this.conv1 = new Conv2d(inChannels, half, 1, { bias: false })
    this.bn1 = new BatchNorm2d(half)
    this.conv_1x1 = new Conv2d(half, half, 1, { stride, bias: false })
    this.conv_3x3 = new Conv2d(half, half, 3, { stride, padding: 1, groups: half, bias: false })
    this.bn2 = new BatchNorm2d(outChannels)
    this.#skips = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const squeezed = this.bn1.forward(this.conv1.forward(x))
    const y = this.bn2.forward(concat([this.conv_1x1.forward(squeezed), this.conv_3x3.forward(squeezed)], 1))
    return (this.#skips ? y.add(x) : y).relu()
  }
}

export interface HourglassSpec {
  readonly block: typeof HourglassResidual | typeof FireModule
  /** Channels and blocks at each scale, from the outermost. */
  readonly scales: readonly (readonly [channels: number, blocks: number])[]
  /** How a map's size is doubled: by repeating pixels, or by a transposed convolution. */
  readonly upsampling: 'nearest' | 'transposed'
}

/** An hourglass (Newell et al. 2016): a map added to what comes of it at half of its size, where the next hourglass is. */
export class Hourglass extends Module {
  up1: Sequential
  low1: Sequential
  low2: Hourglass | Sequential
  low3: Sequential
  up2: ConvTranspose2d | Upsample

  constructor(spec: HourglassSpec, depth = 0) {
    super()
    const { block: Block, scales, upsampling } = spec
    const [[channels, count], [inner, innerCount]] = [scales[depth]!, scales[depth + 1]!]
    const same = (width: number, times: number): Module[] =>
      Array.from({ length: times }, () => new Block(width, width))
    this.up1 = new Sequential(...same(channels, count))
    this.low1 = new Sequential(new Block(channels, inner, 2), ...same(inner, count - 1))
    this.low2 =
      depth + 2 < scales.length ? new Hourglass(spec, depth + 1) : new Sequential(...same(inner, innerCount))
    this.low3 = new Sequential(...same(inner, count - 1), new Block(inner, channels))
    this.up2 =
      upsampling === 'nearest'
        ? new Upsample({ scaleFactor: 2 })
        : new ConvTranspose2d(channels, channels, 4, { stride: 2, padding: 1 })
  }

  override forward(x: Tensor): Tensor {
    const inner = this.low3.forward(this.low2.forward(this.low1.forward(x)))
    const doubled: Tensor = this.up2.forward(inner)
    return this.up1.forward(x).add(doubled)
  }
}

const merge = (channels: number): Sequential =>
  new Sequential(new Conv2d(channels, channels, 1, { bias: false }), new BatchNorm2d(channels))

/** Two hourglasses one after the other; each one's map is given, and the first's goes into the second. */
export class StackedHourglass extends Module {
  pre: Sequential
  hgs: ModuleList
  cnvs: ModuleList
  inters: ModuleList
  inters_: ModuleList
  cnvs_: ModuleList

  /** `reductions` residual blocks halve the size after the first convolution, which does too. */
  constructor(spec: HourglassSpec, inChannels: number, reductions: number) {
    super()
    const stacks = [0, 1]
    const [[channels]] = spec.scales as readonly [readonly [number, number]]
    const reducing = Array.from(
      { length: reductions },
      (_, i) => new HourglassResidual(i === 0 ? channels / 2 : channels, channels, 2),
    )
    this.pre = new Sequential(new ConvNormAct(inChannels, channels / 2, 7, { stride: 2 }), ...reducing)
    this.hgs = new ModuleList(stacks.map(() => new Hourglass(spec)))
    this.cnvs = new ModuleList(stacks.map(() => new ConvNormAct(channels, channels, 3)))
    this.inters = new ModuleList([new HourglassResidual(channels, channels)])
    this.inters_ = new ModuleList([merge(channels)])
    this.cnvs_ = new ModuleList([merge(channels)])
  }

  /** `stage` runs each large part. */
  override forward(x: Tensor, stage: (part: Module, x: Tensor) => Tensor): [first: Tensor, second: Tensor] {
    const start = stage(this.pre, x)
    const map = (stack: number, input: Tensor): Tensor =>
      this.cnvs.get(stack).forward(stage(this.hgs.get(stack), input))
    const first = map(0, start)
    const merged: Tensor = this.inters_.get(0).forward(start).add(this.cnvs_.get(0).forward(first))
    return [first, map(1, this.inters.get(0).forward(merged.relu()))]
  }
}
