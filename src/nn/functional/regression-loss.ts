import { where } from '../../tensor/create.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { pairwiseDistance } from './distance.ts'
import {
  huberLossKinds,
  klDivKinds,
  lossKinds,
  smoothL1LossKinds,
  tripletMarginLossKinds,
} from './options.ts'
import { checkSameShape, type LossOptions, type Reduction, reduced } from './reduction.ts'

/** Squared difference. */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('mseLoss', options, lossKinds)
  checkSameShape('mseLoss', input, target)
  return reduced(input.sub(target).square(), options.reduction ?? 'mean')
}

/** Absolute difference. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkOptions('l1Loss', options, lossKinds)
  checkSameShape('l1Loss', input, target)
  return reduced(input.sub(target).abs(), options.reduction ?? 'mean')
}

export interface SmoothL1LossOptions extends LossOptions {
  /** Differences below it count squared, over 2 beta. Default 1. */
  readonly beta?: number
}

/** d² / (2 beta) for differences d below beta, |d| - beta / 2 above (Girshick, "Fast R-CNN", 2015). */
export function smoothL1Loss(input: Tensor, target: Tensor, options: SmoothL1LossOptions = {}): Tensor {
  checkOptions('smoothL1Loss', options, smoothL1LossKinds)
  checkSameShape('smoothL1Loss', input, target)
  const { beta = 1, reduction = 'mean' } = options
  if (!(beta >= 0)) throw new RangeError(`smoothL1Loss: beta must be 0 or more, got ${beta}`)
  if (beta === 0) return l1Loss(input, target, { reduction })
  const difference = input.sub(target)
  const size = difference.abs()
  const squared = difference.square().mul(0.5 / beta)
  return reduced(where(size.lt(beta), squared, size.sub(0.5 * beta)), reduction)
}

export interface HuberLossOptions extends LossOptions {
  /** Where the loss turns from quadratic to linear. Default 1. */
  readonly delta?: number
}

/** d² / 2 for differences d up to delta, delta (|d| - delta / 2) above (Huber, 1964). */
export function huberLoss(input: Tensor, target: Tensor, options: HuberLossOptions = {}): Tensor {
  checkOptions('huberLoss', options, huberLossKinds)
  checkSameShape('huberLoss', input, target)
  const { delta = 1, reduction = 'mean' } = options
  if (!(delta > 0)) throw new RangeError(`huberLoss: delta must be positive, got ${delta}`)
  const difference = input.sub(target)
  const size = difference.abs()
  const linear = size.sub(0.5 * delta).mul(delta)
  return reduced(where(size.le(delta), difference.square().mul(0.5), linear), reduction)
}

export interface KlDivOptions {
  /** 'batchmean' divides the sum by the size of axis 0, which is the divergence's definition. Default 'mean'. */
  readonly reduction?: Reduction | 'batchmean'
  /** The target is given as logarithms too. */
  readonly logTarget?: boolean
}

/** Kullback-Leibler divergence of a target distribution from log-probabilities: target (log target - input). */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  checkOptions('klDiv', options, klDivKinds)
  checkSameShape('klDiv', input, target)
  const { reduction = 'mean', logTarget = false } = options
  const loss = logTarget ? target.exp().mul(target.sub(input)) : entropyTerm(target).sub(target.mul(input))
  if (reduction === 'batchmean') return loss.sum().mul(1 / (input.shape[0] ?? 1))
  return reduced(loss, reduction)
}

/** p log p, 0 at 0. */
function entropyTerm(p: Tensor): Tensor {
  const zero = p.eq(0)
  return where(zero, 0, p.mul(where(zero, 1, p).log()))
}

export interface TripletMarginLossOptions extends LossOptions {
  readonly margin?: number
  readonly p?: number
  readonly eps?: number
  /** Takes the positive as the anchor where it is nearer to the negative (Balntas et al., 2016). */
  readonly swap?: boolean
}

/** max(d(anchor, positive) - d(anchor, negative) + margin, 0), with distances over the last axis. */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginLossOptions = {},
): Tensor {
  checkOptions('tripletMarginLoss', options, tripletMarginLossKinds)
  checkSameShape('tripletMarginLoss', anchor, positive)
  checkSameShape('tripletMarginLoss', anchor, negative)
  const { margin = 1, p = 2, eps = 1e-6, swap = false, reduction = 'mean' } = options
  const near = pairwiseDistance(anchor, positive, { p, eps })
  let far = pairwiseDistance(anchor, negative, { p, eps })
  if (swap) far = far.minimum(pairwiseDistance(positive, negative, { p, eps }))
  return reduced(near.sub(far).add(margin).clamp(0), reduction)
}
