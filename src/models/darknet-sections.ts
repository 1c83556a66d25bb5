import { BatchNorm2d, Conv2d, Dropout, F, Identity, init, MaxPool2d, Module } from '../nn/index.ts'
import { concat, type Tensor, tensor } from '../tensor/index.ts'
import type { DarknetActivation, DarknetSection } from './darknet-config.ts'

const activate: Readonly<Record<DarknetActivation, (x: Tensor) => Tensor>> = {
  linear: (x) => x,
  leaky: (x) => F.leakyRelu(x, 0.1),
  relu: F.relu,
  mish: F.mish,
  swish: F.silu,
  logistic: (x) => x.sigmoid(),
}

/** Lists its bias before its weight: the order of a .weights file. */
class DarknetConv2d extends Conv2d {
  protected override *members(): Iterable<readonly [string, unknown]> {
    yield ['bias', this.bias]
    yield ['weight', this.weight]
  }
}

/** Lists what a .weights file holds of it, in that order. */
class DarknetBatchNorm2d extends BatchNorm2d {
  protected override *members(): Iterable<readonly [string, unknown]> {
    yield ['bias', this.bias]
    yield ['weight', this.weight]
    yield ['running_mean', this.running_mean]
    yield ['running_var', this.running_var]
  }
}

type Of<T extends DarknetSection['type']> = Extract<DarknetSection, { readonly type: T }>

/** A convolution with its normalization and activation, as `[convolutional]`. */
export class DarknetConvolution extends Module {
  BatchNorm2d: BatchNorm2d | null
  Conv2d: Conv2d
  readonly section: Of<'convolutional'>

  constructor(inChannels: number, section: Of<'convolutional'>) {
    super()
    const { filters, size, stride, padding, groups, batchNormalize } = section
    this.section = section
    this.BatchNorm2d = batchNormalize ? new DarknetBatchNorm2d(filters) : null
    this.Conv2d = new DarknetConv2d(inChannels, filters, size, {
      stride,
      padding,
      groups,
      bias: !batchNormalize,
    })
    init.kaimingNormal(this.Conv2d.weight)
    if (this.Conv2d.bias) init.zeros(this.Conv2d.bias)
  }

  override forward(x: Tensor): Tensor {
    const convolved = this.Conv2d.forward(x)
    return activate[this.section.activation](
      this.BatchNorm2d ? this.BatchNorm2d.forward(convolved) : convolved,
    )
  }
}

/** The mean of a map, [batch, channels, 1, 1]. */
class DarknetAveragePool extends Module {
  override forward(x: Tensor): Tensor {
    return x.mean([2, 3], true)
  }
}

class DarknetUpsample extends Module {
  readonly #stride: number

  constructor({ stride }: Of<'upsample'>) {
    super()
    this.#stride = stride
  }

  override forward(x: Tensor): Tensor {
    return F.interpolate(x, { scaleFactor: this.#stride })
  }
}

class DarknetRoute extends Module {
  readonly #section: Of<'route'>

  constructor(section: Of<'route'>) {
    super()
    this.#section = section
  }

  override forward(...inputs: Tensor[]): Tensor {
    const { groups, groupId } = this.#section
    const parts = groups === 1 ? inputs : inputs.map((x) => x.chunk(groups, 1)[groupId]!)
    return parts.length === 1 ? parts[0]! : concat(parts, 1)
  }
}

class DarknetShortcut extends Module {
  readonly #activation: DarknetActivation

  constructor({ activation }: Of<'shortcut'>) {
    super()
    this.#activation = activation
  }

  override forward(x: Tensor, other: Tensor): Tensor {
    const [own, theirs] = [x.shape[1]!, other.shape[1]!]
    const shared = Math.min(own, theirs)
    const sum = x.narrow(1, 0, shared).add(other.narrow(1, 0, shared))
    const whole = own > shared ? concat([sum, x.narrow(1, shared, own - shared)], 1) : sum
    return activate[this.#activation](whole)
  }
}

/** The boxes of one scale of a detector: for each of its anchors, and of each those of all cells, row by row. */
export interface DarknetBoxes {
  /** [batch, boxes, 2], x and y of the centres, over the width and height of the image. */
  readonly centers: Tensor
  /** [batch, boxes, 2], width and height, over those of the image. */
  readonly sizes: Tensor
  /** [batch, boxes, 1 + classes], how sure it is that there is an object, and of each class if so; each in 0..1. */
  readonly scores: Tensor
}

/** Gives the raw map that it is given; `decode` makes boxes of it. */
export class DarknetYolo extends Module {
  readonly section: Of<'yolo'>

  constructor(section: Of<'yolo'>) {
    super()
    this.section = section
  }

  override forward(x: Tensor): Tensor {
    return x
  }

  /** Boxes from a raw map [batch, anchors * (5 + classes), rows, columns] of an image of the given size in pixels. */
  decode(map: Tensor, height: number, width: number): DarknetBoxes {
    const { anchors, scaleXY } = this.section
    const [batch, channels, rows, columns] = map.shape as [number, number, number, number]
    const count = anchors.length
    const cells = rows * columns
    const boxes = map
      .reshape(batch, count, channels / count, cells)
      .permute(0, 1, 3, 2)
      .reshape(batch, count * cells, channels / count)
    const perBox = (pair: (cell: number, anchor: readonly [number, number]) => number[]) =>
      tensor(anchors.flatMap((anchor) => Array.from({ length: cells }, (_, cell) => pair(cell, anchor))))
    const corners = perBox((cell) => [cell % columns, Math.floor(cell / columns)])
    const within = boxes
      .narrow(2, 0, 2)
      .sigmoid()
      .mul(scaleXY)
      .sub((scaleXY - 1) / 2)
    return {
      centers: within.add(corners).div(tensor([columns, rows])),
      // No box is that large; without a limit, weights that are not trained yet give infinities.
      sizes: boxes
        .narrow(2, 2, 2)
        .clamp(undefined, 80)
        .exp()
        .mul(perBox((_, [w, h]) => [w / width, h / height])),
      scores: boxes.narrow(2, 4, channels / count - 4).sigmoid(),
    }
  }
}

/** The module of a section whose input has the given channels. */
export function darknetModule(section: DarknetSection, inChannels: number): Module {
  switch (section.type) {
    case 'convolutional':
      return new DarknetConvolution(inChannels, section)
    case 'maxpool': {
      const { size, stride, padding } = section
      const before = Math.floor(padding / 2)
      const sides = [before, padding - before, before, padding - before] as const
      return new MaxPool2d(size, { stride, padding: sides })
    }
    case 'avgpool':
      return new DarknetAveragePool()
    case 'upsample':
      return new DarknetUpsample(section)
    case 'dropout':
      return new Dropout(section.probability)
    case 'route':
      return new DarknetRoute(section)
    case 'shortcut':
      return new DarknetShortcut(section)
    case 'yolo':
      return new DarknetYolo(section)
    case 'softmax':
      return new Identity()
  }
}
