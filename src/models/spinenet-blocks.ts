import { BatchNorm2d, Conv2d, DropPath, F, init, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { activationLayer } from './blocks/index.ts'

export type Kind = 'bottleneck' | 'residual'

export type ActivationKind = 'silu' | 'relu'

/** Convolution with explicit padding, normalization, and activation if there is one. */
export function convNorm(
  from: number,
  to: number,
  kernel: number,
  activation: ActivationKind | null,
  stride = 1,
): Sequential {
  const conv = new Conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, bias: false })
  const std = Math.sqrt(1 / (from * kernel ** 2)) / 0.87962566103423978
  init.truncNormal(conv.weight, { std, a: -2 * std, b: 2 * std })
  return new Sequential({
    conv,
    bn: new BatchNorm2d(to),
    ...(activation && { act: activationLayer(activation, to) }),
  })
}

class Block extends Module {
  shortcut: Sequential | null
  layers: Sequential
  drop_path: DropPath
  act: Module

  constructor(from: number, filters: number, kind: Kind, activation: ActivationKind, dropPath: number) {
    super()
    const to = kind === 'bottleneck' ? filters * 4 : filters
    this.shortcut = from === to ? null : convNorm(from, to, 1, null)
    this.layers =
      kind === 'bottleneck'
        ? new Sequential(
            convNorm(from, filters, 1, activation),
            convNorm(filters, filters, 3, activation),
            convNorm(filters, to, 1, null),
          )
        : new Sequential(convNorm(from, filters, 3, activation), convNorm(filters, to, 3, null))
    this.drop_path = new DropPath(dropPath)
    this.act = activationLayer(activation, to)
  }

  override forward(x: Tensor): Tensor {
    const residual: Tensor = this.drop_path.forward(this.layers.forward(x))
    return this.act.forward(residual.add(this.shortcut ? this.shortcut.forward(x) : x))
  }
}

export function groupOf(
  from: number,
  filters: number,
  kind: Kind,
  repeats: number,
  activation: ActivationKind,
  dropPath = 0,
): Sequential {
  const to = kind === 'bottleneck' ? filters * 4 : filters
  return new Sequential(
    ...Array.from(
      { length: repeats },
      (_, i) => new Block(i === 0 ? from : to, filters, kind, activation, dropPath),
    ),
  )
}

export type Side = readonly [height: number, width: number]

/** Brings a parent to the size and channels of a block. Sizes are those of the images, rounded up at each level. */
export class Resampling extends Module {
  reduce: Sequential
  down: Sequential | null
  expand: Sequential

  constructor(
    parent: { readonly level: number; readonly kind: Kind; readonly channels: number },
    target: { readonly level: number; readonly channels: number },
    alpha: number,
    activation: ActivationKind,
  ) {
    super()
    const base = parent.kind === 'bottleneck' ? parent.channels / 4 : parent.channels
    const middle = Math.floor(base * alpha)
    this.reduce = convNorm(parent.channels, middle, 1, activation)
    this.down = parent.level < target.level ? convNorm(middle, middle, 3, activation, 2) : null
    this.expand = convNorm(middle, target.channels, 1, null)
  }

  override forward(x: Tensor, size: Side): Tensor {
    const reduced: Tensor = this.reduce.forward(x)
    return this.expand.forward(this.down ? this.#shrunk(reduced, size) : nearest(reduced, size))
  }

  #shrunk(x: Tensor, size: Side): Tensor {
    const [from, to] = [x.shape[3]!, size[1]]
    const halved: Tensor = this.down!.forward(x)
    if (Math.floor(from / to) <= 2) return nearest(halved, size)
    const stride = from % to === 0 ? Math.floor(from / to / 2) : 2
    const pooled = F.maxPool2d(halved, from / to <= 4 ? 3 : 5, { stride, padding: 'sameTensorFlow' })
    return nearest(pooled, size)
  }
}

export function nearest(x: Tensor, size: Side): Tensor {
  return x.shape[2] === size[0] && x.shape[3] === size[1] ? x : F.interpolate(x, { size })
}

export class ScalePermutedBlock extends Module {
  resample0: Resampling
  resample1: Resampling
  act: Module
  blocks: Sequential

  constructor(resample0: Resampling, resample1: Resampling, act: Module, blocks: Sequential) {
    super()
    this.resample0 = resample0
    this.resample1 = resample1
    this.act = act
    this.blocks = blocks
  }

  /** `more` are maps of the same size and channels that nothing else takes. */
  override forward(parents: readonly [Tensor, Tensor], more: readonly Tensor[], size: Side): Tensor {
    const sum = this.resample0.forward(parents[0], size).add(this.resample1.forward(parents[1], size))
    return this.blocks.forward(this.act.forward(more.reduce((a, b) => a.add(b), sum)))
  }
}

export class Stem extends Module {
  conv: Sequential
  block1: Sequential
  block2: Sequential

  constructor(inChannels: number, filters: number, repeats: number, activation: ActivationKind) {
    super()
    this.conv = convNorm(inChannels, 64, 7, activation, 2)
    this.block1 = groupOf(64, filters, 'bottleneck', repeats, activation)
    this.block2 = groupOf(filters * 4, filters, 'bottleneck', repeats, activation)
  }

  override forward(x: Tensor): readonly [Tensor, Tensor] {
    const pooled = F.maxPool2d(this.conv.forward(x), 3, { stride: 2, padding: 'sameTensorFlow' })
    const first: Tensor = this.block1.forward(pooled)
    return [first, this.block2.forward(first)]
  }
}
