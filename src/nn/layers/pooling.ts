import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import {
  type AdaptiveSize,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  globalAvgPool,
  globalMaxPool,
} from '../functional/adaptive-pooling.ts'
import { checkPadding, type Size2d } from '../functional/arguments.ts'
import { avgPool2dKinds, maxPool2dKinds } from '../functional/options.ts'
import { type AvgPool2dOptions, avgPool2d, type MaxPool2dOptions, maxPool2d } from '../functional/pooling.ts'
import { Module } from '../module.ts'
import { represent } from './represent.ts'

/** The largest value of each window; padding counts as -infinity. */
export class MaxPool2d extends Module {
  readonly kernelSize: Size2d
  readonly options: MaxPool2dOptions

  /** The stride is the kernel size unless given. */
  constructor(kernelSize: Size2d, options: MaxPool2dOptions = {}) {
    super()
    checkOptions('MaxPool2d', options, maxPool2dKinds)
    checkPadding('MaxPool2d', options.padding ?? 0)
    this.kernelSize = kernelSize
    this.options = { ...options }
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options)
  }

  override extraRepr(): string {
    return represent([this.kernelSize], { ...this.options })
  }
}

/** The mean of each window. */
export class AvgPool2d extends Module {
  readonly kernelSize: Size2d
  readonly options: AvgPool2dOptions

  /** The stride is the kernel size unless given. */
  constructor(kernelSize: Size2d, options: AvgPool2dOptions = {}) {
    super()
    checkOptions('AvgPool2d', options, avgPool2dKinds)
    checkPadding('AvgPool2d', options.padding ?? 0)
    this.kernelSize = kernelSize
    this.options = { ...options }
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options)
  }

  override extraRepr(): string {
    return represent([this.kernelSize], { ...this.options })
  }
}

/** Means of windows that divide images into the given number of rows and columns. */
export class AdaptiveAvgPool2d extends Module {
  readonly outputSize: AdaptiveSize

  constructor(outputSize: AdaptiveSize) {
    super()
    this.outputSize = outputSize
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize)
  }

  override extraRepr(): string {
    return represent([this.outputSize])
  }
}

/** Maxima of windows that divide images into the given number of rows and columns. */
export class AdaptiveMaxPool2d extends Module {
  readonly outputSize: AdaptiveSize

  constructor(outputSize: AdaptiveSize) {
    super()
    this.outputSize = outputSize
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.outputSize)
  }

  override extraRepr(): string {
    return represent([this.outputSize])
  }
}

/** The mean of each channel: [n, c, h, w] to [n, c]. */
export class GlobalAvgPool2d extends Module {
  override forward(x: Tensor): Tensor {
    return globalAvgPool(x)
  }
}

/** The maximum of each channel: [n, c, h, w] to [n, c]. */
export class GlobalMaxPool2d extends Module {
  override forward(x: Tensor): Tensor {
    return globalMaxPool(x)
  }
}
