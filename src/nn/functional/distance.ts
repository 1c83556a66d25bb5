import { composed } from '../../graph/composite.ts'
import { broadcastShapes } from '../../graph/shape.ts'
import { where } from '../../tensor/create.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Axes, Tensor } from '../../tensor/tensor.ts'
import { cosineSimilarityKinds, normalizeKinds, pairwiseDistanceKinds } from './options.ts'

/** The p-norm over axes, with gradient 0 where the norm is 0. */
function vectorNorm(x: Tensor, p: number, axes: Axes, keepdim: boolean): Tensor {
  if (p === Number.POSITIVE_INFINITY) return x.abs().amax(axes, keepdim)
  if (p === 1) return x.abs().sum(axes, keepdim)
  if (!(p > 0)) throw new RangeError(`the norm's p must be positive, got ${p}`)
  const total = (p === 2 ? x.mul(x) : x.abs().pow(p)).sum(axes, keepdim)
  const zero = total.eq(0)
  const safe = where(zero, 1, total)
  return where(zero, 0, p === 2 ? safe.sqrt() : safe.pow(1 / p))
}

export interface NormalizeOptions {
  readonly p?: number
  readonly axis?: number
  /** The least divisor. */
  readonly eps?: number
}

/** x over its p-norm along an axis (p = 2 and axis 1 unless given). */
export function normalize(x: Tensor, options: NormalizeOptions = {}): Tensor {
  checkOptions('normalize', options, normalizeKinds)
  const { p = 2, axis = 1, eps = 1e-12 } = options
  const y = x.div(vectorNorm(x, p, axis, true).clamp(eps))
  return p === 2 ? composed(y, 'l2Normalize', [x], { axis, eps }) : y
}

export interface CosineSimilarityOptions {
  readonly axis?: number
  readonly eps?: number
}

/** The cosine of the angle between vectors along an axis (1 unless given); each norm is eps at least. */
export function cosineSimilarity(a: Tensor, b: Tensor, options: CosineSimilarityOptions = {}): Tensor {
  checkOptions('cosineSimilarity', options, cosineSimilarityKinds)
  const { axis = 1, eps = 1e-8 } = options
  const shape = broadcastShapes('cosineSimilarity', a.shape, b.shape)
  const [x, y] = [a.expand(shape), b.expand(shape)]
  const norms = vectorNorm(x, 2, axis, false)
    .clamp(eps)
    .mul(vectorNorm(y, 2, axis, false).clamp(eps))
  return x.mul(y).sum(axis).div(norms)
}

export interface PairwiseDistanceOptions {
  readonly p?: number
  /** Added to each difference. */
  readonly eps?: number
  readonly keepdim?: boolean
}

/** The p-norm of a - b + eps over the last axis. */
export function pairwiseDistance(a: Tensor, b: Tensor, options: PairwiseDistanceOptions = {}): Tensor {
  checkOptions('pairwiseDistance', options, pairwiseDistanceKinds)
  const { p = 2, eps = 1e-6, keepdim = false } = options
  return vectorNorm(a.sub(b).add(eps), p, -1, keepdim)
}
