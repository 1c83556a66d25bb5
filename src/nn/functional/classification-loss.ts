import { isFloating } from '../../graph/dtype.ts'
import * as g from '../../graph/ops/index.ts'
import { formatShape, type Shape, ShapeError, sameShape } from '../../graph/shape.ts'
import { where } from '../../tensor/create.ts'
import { checkIndices } from '../../tensor/indices.ts'
import { checkOptions } from '../../tensor/options.ts'
import { type Tensor, wrap } from '../../tensor/tensor.ts'
import { crossEntropyKinds, nllLossKinds } from './options.ts'
import { type LossOptions, reduced } from './reduction.ts'

export interface NllLossOptions extends LossOptions {
  /** One factor for each class; the mean is then weighted too. */
  readonly weight?: Tensor | null
  /** Targets of this value do not count. Default -100. */
  readonly ignoreIndex?: number
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of the target spread evenly over all classes (Szegedy et al., 2016). */
  readonly labelSmoothing?: number
}

/**
 * Cross entropy of logits [n, classes, ...] (or [classes]) with class indices [n, ...] (int32) or with probabilities of the
 * logits' own shape (floating point).
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions('crossEntropy', options, crossEntropyKinds)
  const { labelSmoothing = 0, weight = null, reduction = 'mean' } = options
  const axis = classAxis('crossEntropy', input)
  const classes = input.shape[axis]!
  checkClassWeight('crossEntropy', weight, classes)
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new RangeError(`crossEntropy: labelSmoothing must be in 0..1, got ${labelSmoothing}`)
  }
  const logits = input.logSoftmax(axis)
  if (isFloating(target.dtype)) {
    if (!sameShape(target.shape, input.shape)) {
      throw new ShapeError(
        `crossEntropy: a floating-point target holds probabilities and must be ${formatShape(input.shape)} as the ` +
          `logits, got ${formatShape(target.shape)}; class indices are int32 ${formatShape(withoutAxis(input.shape, axis))}`,
      )
    }
    const smoothed =
      labelSmoothing === 0 ? target : target.mul(1 - labelSmoothing).add(labelSmoothing / classes)
    const terms = logits.mul(smoothed)
    const loss = (weight ? terms.mul(alongAxis(weight, input, axis)) : terms).sum(axis).neg()
    return reduction === 'mean' ? loss.sum().mul(classes / input.size) : reduced(loss, reduction)
  }
  const { loss, total, counts } = negativeLikelihood('crossEntropy', logits, target, axis, options)
  if (labelSmoothing === 0) return finish(loss, total, reduction)
  const spread = (weight ? logits.mul(alongAxis(weight, input, axis)) : logits).sum(axis).neg()
  const smooth = where(counts, spread, 0)
  return finish(loss.mul(1 - labelSmoothing).add(smooth.mul(labelSmoothing / classes)), total, reduction)
}

/** Negative log-likelihood: minus the log-probability [n, classes, ...] (or [classes]) of each class index [n, ...]. */
export function nllLoss(input: Tensor, target: Tensor, options: NllLossOptions = {}): Tensor {
  checkOptions('nllLoss', options, nllLossKinds)
  const axis = classAxis('nllLoss', input)
  checkClassWeight('nllLoss', options.weight ?? null, input.shape[axis]!)
  const { loss, total } = negativeLikelihood('nllLoss', input, target, axis, options)
  return finish(loss, total, options.reduction ?? 'mean')
}

interface Likelihood {
  /** Weighted, 0 where ignored. */
  readonly loss: Tensor
  /** The sum of the weights that count. */
  readonly total: Tensor
  /** Where the target is not ignored. */
  readonly counts: Tensor
}

function negativeLikelihood(
  op: string,
  logits: Tensor,
  target: Tensor,
  axis: number,
  options: NllLossOptions,
): Likelihood {
  const { weight, ignoreIndex = -100 } = options
  const expected = withoutAxis(logits.shape, axis)
  if (isFloating(target.dtype) || target.dtype === 'bool' || !sameShape(target.shape, expected)) {
    throw new ShapeError(
      `${op}: for an input ${formatShape(logits.shape)} the class indices must be int32 ${formatShape(expected)}, ` +
        `got ${target.dtype} ${formatShape(target.shape)}`,
    )
  }
  const index = target.to('int32')
  checkIndices(op, index.node, logits.shape[axis]!, ignoreIndex)
  const counts = index.ne(ignoreIndex)
  const safe = where(counts, index, 0)
  const likelihood = wrap(g.gather(logits.node, safe.unsqueeze(axis).node, axis, op)).squeeze(axis)
  const factor = weight
    ? where(counts, weight.gather(0, safe.reshape(safe.size)).reshape(safe.shape), 0)
    : counts.to(logits.dtype)
  // Not a product: an ignored place may hold an infinite value.
  const picked = where(counts, likelihood, 0).neg()
  return { loss: weight ? picked.mul(factor) : picked, total: factor.sum(), counts }
}

function finish(loss: Tensor, total: Tensor, reduction: LossOptions['reduction']): Tensor {
  return reduction === undefined || reduction === 'mean' ? loss.sum().div(total) : reduced(loss, reduction)
}

function classAxis(op: string, input: Tensor): number {
  if (input.rank === 0)
    throw new ShapeError(`${op}: needs scores [n, classes, ...] or [classes], got a scalar`)
  return input.rank === 1 ? 0 : 1
}

function checkClassWeight(op: string, weight: Tensor | null, classes: number): void {
  if (weight === null || sameShape(weight.shape, [classes])) return
  throw new ShapeError(
    `${op}: the weight must be [${classes}], one for each class, got ${formatShape(weight.shape)}`,
  )
}

function withoutAxis(shape: Shape, axis: number): number[] {
  return shape.filter((_, i) => i !== axis)
}

function alongAxis(weight: Tensor, input: Tensor, axis: number): Tensor {
  return weight.reshape(input.shape.map((d, i) => (i === axis ? d : 1)))
}
