import { composed } from '../../graph/composite.ts'
import { formatShape, type Shape, ShapeError, sameShape, sizeOf } from '../../graph/shape.ts'
import { noGrad } from '../../tensor/autograd.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { batchNormKinds, groupNormKinds, instanceNormKinds, layerNormKinds } from './options.ts'

export interface RunningStatistics {
  readonly runningMean?: Tensor | null
  readonly runningVar?: Tensor | null
}

export interface BatchNormOptions extends RunningStatistics {
  readonly weight?: Tensor | null
  readonly bias?: Tensor | null
  /** Normalizes with the batch's own statistics and updates the running ones. Default false. */
  readonly training?: boolean
  /** Share of the batch in the new running statistics; null for the mean over all batches, which needs the count. */
  readonly momentum?: number | null
  readonly eps?: number
  /** int32 count of batches, raised by one in training. */
  readonly numBatchesTracked?: Tensor | null
}

/**
 * Batch normalization of [n, c, ...] over all axes but 1 (Ioffe and Szegedy, 2015). In training the running variance is
 * updated with the unbiased estimate, as in PyTorch; otherwise the running statistics are used, as scale and shift.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions = {}): Tensor {
  checkOptions('batchNorm', options, batchNormKinds)
  const { runningMean, runningVar, weight, bias, training = false, eps = 1e-5 } = options
  const channels = channelsOf('batchNorm', x)
  for (const [name, value] of Object.entries({ runningMean, runningVar, weight, bias })) {
    checkPerChannel('batchNorm', name, value, channels, x.shape)
  }
  const along = x.shape.map((_, i) => (i === 1 ? channels : 1))
  const perChannel = (t: Tensor): Tensor => t.reshape(along)
  if (!training) {
    if (!runningMean || !runningVar) {
      throw new TypeError(
        'batchNorm: without training it needs runningMean and runningVar; pass them, or training: true',
      )
    }
    const inverse = runningVar.add(eps).rsqrt()
    const scale = weight ? inverse.mul(weight) : inverse
    const shift = bias ? bias.sub(runningMean.mul(scale)) : runningMean.mul(scale).neg()
    const y = x.mul(perChannel(scale)).add(perChannel(shift))
    return composed(y, 'batchNorm', [x, weight, bias, runningMean, runningVar], { eps })
  }
  const count = x.size / channels
  if (count === 1) {
    throw new ShapeError(
      `batchNorm: training needs more than one value for each channel, got ${formatShape(x.shape)}; use a larger batch`,
    )
  }
  const before = [x, weight, bias, runningMean, runningVar].map((t) => (t ? { node: t.node } : null))
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]))
  const mean = x.mean(axes, true)
  const centred = x.sub(mean)
  const variance = centred.mul(centred).mean(axes, true)
  noGrad(() => {
    updateRunning(options, mean.reshape(channels), variance.reshape(channels).mul(count / (count - 1)))
  })
  const { momentum = 0.1 } = options
  if (momentum !== null) {
    if (runningMean) composed(runningMean, 'runningStatistics', before, { which: 'mean', momentum, eps })
    if (runningVar) composed(runningVar, 'runningStatistics', before, { which: 'variance', momentum, eps })
  }
  const inverse = variance.add(eps).rsqrt()
  const y = centred.mul(weight ? inverse.mul(perChannel(weight)) : inverse)
  return composed(bias ? y.add(perChannel(bias)) : y, 'batchNormTraining', before, { eps })
}

function updateRunning(options: BatchNormOptions, mean: Tensor, variance: Tensor): void {
  const { runningMean, runningVar, momentum = 0.1, numBatchesTracked } = options
  if (numBatchesTracked) numBatchesTracked.assign(numBatchesTracked.add(1))
  if (!runningMean && !runningVar) return
  if (momentum === null && !numBatchesTracked) {
    throw new TypeError(
      'batchNorm: momentum null is the mean over all batches; pass numBatchesTracked with it',
    )
  }
  const share: Tensor | number = momentum ?? numBatchesTracked!.to('float32').reciprocal()
  for (const [running, batch] of [
    [runningMean, mean],
    [runningVar, variance],
  ] as const) {
    if (!running) continue
    const rest = typeof share === 'number' ? 1 - share : share.neg().add(1)
    running.assign(running.mul(rest).add(batch.mul(share)).to(running.dtype))
  }
}

export interface AffineOptions {
  readonly weight?: Tensor | null
  readonly bias?: Tensor | null
  readonly eps?: number
}

/** Normalization of [n, c, ...] over groups of channels and space, for each sample (Wu and He, 2018). */
export function groupNorm(x: Tensor, groups: number, options: AffineOptions = {}): Tensor {
  checkOptions('groupNorm', options, groupNormKinds)
  const { weight, bias, eps = 1e-5 } = options
  const channels = channelsOf('groupNorm', x)
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ShapeError(
      `groupNorm: ${channels} channels of ${formatShape(x.shape)} do not divide into ${groups} groups`,
    )
  }
  for (const [name, value] of Object.entries({ weight, bias })) {
    checkPerChannel('groupNorm', name, value, channels, x.shape)
  }
  const grouped = x.reshape(x.shape[0]!, groups, sizeOf(x.shape.slice(1)) / groups)
  const y = standardized(grouped, [2], eps).reshape(x.shape)
  const along = x.shape.map((_, i) => (i === 1 ? channels : 1))
  const z = affine(y, weight?.reshape(along), bias?.reshape(along))
  return composed(z, 'groupNorm', [x, weight, bias], { eps, groups })
}

/** Normalization over the trailing axes of the given shape (Ba, Kiros and Hinton, 2016). */
export function layerNorm(x: Tensor, normalizedShape: number | Shape, options: AffineOptions = {}): Tensor {
  checkOptions('layerNorm', options, layerNormKinds)
  const { weight, bias, eps = 1e-5 } = options
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape
  const first = x.rank - shape.length
  if (shape.length === 0 || first < 0 || !sameShape(x.shape.slice(first), shape)) {
    throw new ShapeError(`layerNorm: ${formatShape(x.shape)} does not end in ${formatShape(shape)}`)
  }
  for (const [name, value] of Object.entries({ weight, bias })) {
    if (value && !sameShape(value.shape, shape)) {
      throw new ShapeError(
        `layerNorm: the ${name} must be ${formatShape(shape)}, got ${formatShape(value.shape)}`,
      )
    }
  }
  const axes = shape.map((_, i) => first + i)
  const y = affine(standardized(x, axes, eps), weight, bias)
  return composed(y, 'layerNorm', [x, weight, bias], { eps, axis: first })
}

export interface InstanceNormOptions extends RunningStatistics, AffineOptions {
  /** Statistics of each sample and channel; false takes the running ones. Default true. */
  readonly useInputStats?: boolean
  readonly momentum?: number
}

/** Normalization of [n, c, ...] over space, for each sample and channel (Ulyanov et al., 2016). */
export function instanceNorm(x: Tensor, options: InstanceNormOptions = {}): Tensor {
  checkOptions('instanceNorm', options, instanceNormKinds)
  const { weight = null, bias = null, runningMean, runningVar, useInputStats = true, eps = 1e-5 } = options
  const channels = channelsOf('instanceNorm', x)
  for (const [name, value] of Object.entries({ runningMean, runningVar, weight, bias })) {
    checkPerChannel('instanceNorm', name, value, channels, x.shape)
  }
  if (!useInputStats) {
    return batchNorm(x, {
      runningMean: runningMean ?? null,
      runningVar: runningVar ?? null,
      weight,
      bias,
      eps,
    })
  }
  const axes = x.shape.slice(2).map((_, i) => i + 2)
  const count = x.size / (x.shape[0]! * channels)
  if (axes.length === 0 || count === 1) {
    throw new ShapeError(
      `instanceNorm: needs more than one element of space for each channel, got ${formatShape(x.shape)}`,
    )
  }
  const mean = x.mean(axes, true)
  const centred = x.sub(mean)
  const variance = centred.mul(centred).mean(axes, true)
  noGrad(() => {
    const { momentum = 0.1 } = options
    const overBatch = (t: Tensor): Tensor => t.mean(0).reshape(channels)
    const unbiased = variance.mul(count / (count - 1))
    updateRunning(
      { runningMean: runningMean ?? null, runningVar: runningVar ?? null, momentum },
      overBatch(mean),
      overBatch(unbiased),
    )
  })
  const along = x.shape.map((_, i) => (i === 1 ? channels : 1))
  const y = affine(centred.mul(variance.add(eps).rsqrt()), weight?.reshape(along), bias?.reshape(along))
  return composed(y, 'instanceNorm', [x, weight, bias], { eps })
}

function standardized(x: Tensor, axes: readonly number[], eps: number): Tensor {
  const centred = x.sub(x.mean(axes, true))
  return centred.mul(centred.mul(centred).mean(axes, true).add(eps).rsqrt())
}

function affine(x: Tensor, weight: Tensor | null | undefined, bias: Tensor | null | undefined): Tensor {
  const scaled = weight ? x.mul(weight) : x
  return bias ? scaled.add(bias) : scaled
}

function channelsOf(op: string, x: Tensor): number {
  if (x.rank < 2) {
    throw new ShapeError(`${op}: needs a batch with channels [n, c, ...], got ${formatShape(x.shape)}`)
  }
  return x.shape[1]!
}

function checkPerChannel(
  op: string,
  name: string,
  value: Tensor | null | undefined,
  channels: number,
  shape: Shape,
): void {
  if (!value || sameShape(value.shape, [channels])) return
  throw new ShapeError(
    `${op}: ${name} must be [${channels}], one for each channel of ${formatShape(shape)}, got ${formatShape(value.shape)}`,
  )
}
