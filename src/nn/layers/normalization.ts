import { formatShape, type Shape, ShapeError } from '../../graph/shape.ts'
import { ones, tensor, zeros } from '../../tensor/create.ts'
import { checkOptions, type OptionKinds } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { type LocalResponseNormOptions, localResponseNorm } from '../functional/local-response.ts'
import { batchNorm, groupNorm, instanceNorm, layerNorm } from '../functional/normalization.ts'
import { localResponseNormKinds } from '../functional/options.ts'
import * as init from '../init.ts'
import { Module } from '../module.ts'
import { type Buffer, buffer, type Parameter, parameter } from '../parameter.ts'
import { represent } from './represent.ts'

export interface NormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number
  /** Whether there are a weight and a bias to learn. */
  readonly affine?: boolean
}

export interface BatchNormOptions extends NormOptions {
  /** Share of each batch in the running statistics, default 0.1; null for the mean over all batches. */
  readonly momentum?: number | null
  /** Keeps running statistics for evaluation. */
  readonly trackRunningStats?: boolean
}

const normKinds: OptionKinds<NormOptions> = { eps: 'number', affine: 'flag' }
const runningNormKinds: OptionKinds<BatchNormOptions> = {
  ...normKinds,
  momentum: 'any',
  trackRunningStats: 'flag',
}

interface NormDefaults {
  readonly affine: boolean
  readonly trackRunningStats: boolean
}

/** What batch and instance normalization have in common. */
abstract class RunningNorm extends Module {
  weight: Parameter | null
  bias: Parameter | null
  running_mean: Buffer | null
  running_var: Buffer | null
  num_batches_tracked: Buffer | null
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  readonly #defaults: NormDefaults

  constructor(numFeatures: number, options: BatchNormOptions, defaults: NormDefaults) {
    super()
    checkOptions(this.constructor.name, options, runningNormKinds)
    const { eps = 1e-5, momentum = 0.1 } = options
    const { affine, trackRunningStats } = { ...defaults, ...options }
    if (!Number.isInteger(numFeatures) || numFeatures < 1) {
      throw new RangeError(
        `${this.constructor.name}: numFeatures must be a positive integer, got ${numFeatures}`,
      )
    }
    this.numFeatures = numFeatures
    this.eps = eps
    this.momentum = momentum
    this.#defaults = defaults
    this.weight = affine ? parameter(ones([numFeatures])) : null
    this.bias = affine ? parameter(zeros([numFeatures])) : null
    this.running_mean = trackRunningStats ? buffer(zeros([numFeatures])) : null
    this.running_var = trackRunningStats ? buffer(ones([numFeatures])) : null
    this.num_batches_tracked = trackRunningStats ? buffer(tensor(Int32Array.of(0), [])) : null
  }

  /** Sets weight to 1, bias to 0 and the running statistics to those of no batch. */
  resetParameters(): void {
    if (this.weight) init.ones(this.weight)
    if (this.bias) init.zeros(this.bias)
    this.resetRunningStats()
  }

  resetRunningStats(): void {
    if (this.running_mean) init.zeros(this.running_mean)
    if (this.running_var) init.ones(this.running_var)
    if (this.num_batches_tracked) init.zeros(this.num_batches_tracked)
  }

  protected check(x: Tensor, ranks: readonly number[]): void {
    if (ranks.includes(x.rank)) return
    throw new ShapeError(
      `${this.constructor.name}: needs an input of rank ${ranks.join(' or ')}, got ${formatShape(x.shape)}`,
    )
  }

  override extraRepr(): string {
    const { eps, momentum } = this
    const options = {
      eps,
      momentum,
      affine: this.weight !== null,
      trackRunningStats: this.running_mean !== null,
    }
    return represent([this.numFeatures], options, this.#defaults as NormDefaults & Record<string, unknown>)
  }
}

abstract class BatchNorm extends RunningNorm {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super(numFeatures, options, { affine: true, trackRunningStats: true })
  }

  protected abstract checkInput(x: Tensor): void

  override forward(x: Tensor): Tensor {
    this.checkInput(x)
    const { weight, bias, eps, momentum } = this
    return batchNorm(x, {
      weight,
      bias,
      eps,
      momentum,
      runningMean: this.running_mean,
      runningVar: this.running_var,
      numBatchesTracked: this.num_batches_tracked,
      training: this.training || this.running_mean === null,
    })
  }
}

/** Batch normalization of [n, c] or [n, c, length] (Ioffe and Szegedy, 2015). */
export class BatchNorm1d extends BatchNorm {
  protected override checkInput(x: Tensor): void {
    this.check(x, [2, 3])
  }
}

/** Batch normalization of images [n, c, h, w] (Ioffe and Szegedy, 2015). */
export class BatchNorm2d extends BatchNorm {
  protected override checkInput(x: Tensor): void {
    this.check(x, [4])
  }
}

export interface InstanceNormOptions extends Omit<BatchNormOptions, 'momentum'> {
  readonly momentum?: number
}

/** Normalization of images [n, c, h, w] for each sample and channel (Ulyanov et al., 2016); not affine by default. */
export class InstanceNorm2d extends RunningNorm {
  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    super(numFeatures, options, { affine: false, trackRunningStats: false })
  }

  override forward(x: Tensor): Tensor {
    this.check(x, [3, 4])
    if (x.rank === 3) return this.#normalized(x.unsqueeze(0)).squeeze(0)
    return this.#normalized(x)
  }

  #normalized(x: Tensor): Tensor {
    const { weight, bias, eps, momentum } = this
    return instanceNorm(x, {
      weight,
      bias,
      eps,
      momentum: momentum ?? 0.1,
      runningMean: this.running_mean,
      runningVar: this.running_var,
      useInputStats: this.training || this.running_mean === null,
    })
  }
}

/** Normalization of [n, c, ...] over groups of channels and space (Wu and He, 2018). */
export class GroupNorm extends Module {
  weight: Parameter | null
  bias: Parameter | null
  readonly numGroups: number
  readonly numChannels: number
  readonly eps: number

  constructor(numGroups: number, numChannels: number, options: NormOptions = {}) {
    super()
    checkOptions('GroupNorm', options, normKinds)
    const { eps = 1e-5, affine = true } = options
    if (!Number.isInteger(numGroups) || numGroups < 1 || numChannels % numGroups !== 0) {
      throw new RangeError(`GroupNorm: ${numChannels} channels do not divide into ${numGroups} groups`)
    }
    this.numGroups = numGroups
    this.numChannels = numChannels
    this.eps = eps
    this.weight = affine ? parameter(ones([numChannels])) : null
    this.bias = affine ? parameter(zeros([numChannels])) : null
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this
    return groupNorm(x, this.numGroups, { weight, bias, eps })
  }

  override extraRepr(): string {
    return represent([this.numGroups, this.numChannels], { eps: this.eps, affine: this.weight !== null })
  }
}

export interface LayerNormOptions {
  readonly eps?: number
  readonly elementwiseAffine?: boolean
}

const layerNormKinds: OptionKinds<LayerNormOptions> = { eps: 'number', elementwiseAffine: 'flag' }

/** Normalization over the trailing axes of the given shape (Ba, Kiros and Hinton, 2016). */
export class LayerNorm extends Module {
  weight: Parameter | null
  bias: Parameter | null
  readonly normalizedShape: Shape
  readonly eps: number

  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super()
    checkOptions('LayerNorm', options, layerNormKinds)
    const { eps = 1e-5, elementwiseAffine = true } = options
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape]
    this.eps = eps
    this.weight = elementwiseAffine ? parameter(ones(this.normalizedShape)) : null
    this.bias = elementwiseAffine ? parameter(zeros(this.normalizedShape)) : null
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this
    return layerNorm(x, this.normalizedShape, { weight, bias, eps })
  }

  override extraRepr(): string {
    const { eps } = this
    return represent([this.normalizedShape], { eps, elementwiseAffine: this.weight !== null })
  }
}

/** Divides by the energy of neighbouring channels (Krizhevsky et al., 2012). */
export class LocalResponseNorm extends Module {
  readonly size: number
  readonly options: Readonly<Required<LocalResponseNormOptions>>

  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super()
    this.size = size
    checkOptions('LocalResponseNorm', options, localResponseNormKinds)
    this.options = { alpha: 1e-4, beta: 0.75, k: 1, ...options }
  }

  override forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.options)
  }

  override extraRepr(): string {
    return represent([this.size], { ...this.options })
  }
}
