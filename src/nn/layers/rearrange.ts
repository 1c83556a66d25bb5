import { normalizeAxis, type Shape } from '../../graph/shape.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Size2d } from '../functional/arguments.ts'
import { type InterpolateOptions, interpolate } from '../functional/interpolate.ts'
import { interpolateKinds, unfoldKinds } from '../functional/options.ts'
import {
  channelShuffle,
  fold,
  pixelShuffle,
  pixelUnshuffle,
  type UnfoldOptions,
  unfold,
} from '../functional/rearrange.ts'
import { Module } from '../module.ts'
import { represent } from './represent.ts'

/** Returns its input. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }
}

/** Joins axes into one: all but the batch by default. */
export class Flatten extends Module {
  readonly start: number
  readonly end: number

  constructor(start = 1, end = -1) {
    super()
    this.start = start
    this.end = end
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.start, this.end)
  }

  override extraRepr(): string {
    return represent([], { start: this.start, end: this.end })
  }
}

/** Splits an axis into axes of the given sizes, one of which may be -1. */
export class Unflatten extends Module {
  readonly axis: number
  readonly sizes: Shape

  constructor(axis: number, sizes: Shape) {
    super()
    this.axis = axis
    this.sizes = [...sizes]
  }

  override forward(x: Tensor): Tensor {
    const axis = normalizeAxis('Unflatten', this.axis, x.rank)
    return x.reshape([...x.shape.slice(0, axis), ...this.sizes, ...x.shape.slice(axis + 1)])
  }

  override extraRepr(): string {
    return represent([], { axis: this.axis, sizes: this.sizes })
  }
}

/** Resizes images by interpolation; 'nearest' by default. */
export class Upsample extends Module {
  readonly options: InterpolateOptions

  /** Needs either size or scaleFactor. */
  constructor(options: InterpolateOptions) {
    super()
    checkOptions('Upsample', options, interpolateKinds)
    this.options = { ...options }
  }

  override forward(x: Tensor): Tensor {
    return interpolate(x, this.options)
  }

  override extraRepr(): string {
    return represent([], { ...this.options })
  }
}

/** [..., c r², h, w] to [..., c, h r, w r] (Shi et al., 2016). */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number

  constructor(upscaleFactor: number) {
    super()
    this.upscaleFactor = upscaleFactor
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor)
  }

  override extraRepr(): string {
    return represent([], { upscaleFactor: this.upscaleFactor })
  }
}

/** The inverse of PixelShuffle. */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number

  constructor(downscaleFactor: number) {
    super()
    this.downscaleFactor = downscaleFactor
  }

  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor)
  }

  override extraRepr(): string {
    return represent([], { downscaleFactor: this.downscaleFactor })
  }
}

/** Interleaves the channels of groups (Zhang et al., "ShuffleNet", 2017). */
export class ChannelShuffle extends Module {
  readonly groups: number

  constructor(groups: number) {
    super()
    this.groups = groups
  }

  override forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups)
  }

  override extraRepr(): string {
    return represent([], { groups: this.groups })
  }
}

/** The windows of images as columns: [n, c kh kw, windows]. */
export class Unfold extends Module {
  readonly kernelSize: Size2d
  readonly options: UnfoldOptions

  constructor(kernelSize: Size2d, options: UnfoldOptions = {}) {
    super()
    checkOptions('Unfold', options, unfoldKinds)
    this.kernelSize = kernelSize
    this.options = { ...options }
  }

  override forward(x: Tensor): Tensor {
    return unfold(x, this.kernelSize, this.options)
  }

  override extraRepr(): string {
    return represent([this.kernelSize], { ...this.options })
  }
}

/** Adds columns [n, c kh kw, windows] into images of the given size. */
export class Fold extends Module {
  readonly outputSize: Size2d
  readonly kernelSize: Size2d
  readonly options: UnfoldOptions

  constructor(outputSize: Size2d, kernelSize: Size2d, options: UnfoldOptions = {}) {
    super()
    checkOptions('Fold', options, unfoldKinds)
    this.outputSize = outputSize
    this.kernelSize = kernelSize
    this.options = { ...options }
  }

  override forward(x: Tensor): Tensor {
    return fold(x, this.outputSize, this.kernelSize, this.options)
  }

  override extraRepr(): string {
    return represent([this.outputSize, this.kernelSize], { ...this.options })
  }
}
