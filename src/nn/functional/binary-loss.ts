import { calledAs } from '../../graph/shape.ts'
import { customGradient } from '../../tensor/autograd.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import {
  binaryCrossEntropyKinds,
  binaryCrossEntropyWithLogitsKinds,
  sigmoidFocalLossKinds,
} from './options.ts'
import { checkSameShape, type LossOptions, type Reduction, reduced } from './reduction.ts'

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** A factor for each element, broadcast. */
  readonly weight?: Tensor | null
}

/** Cross entropy of probabilities in 0..1 with targets in 0..1; logarithms are -100 at least, as in PyTorch. */
export function binaryCrossEntropy(
  input: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  checkOptions('binaryCrossEntropy', options, binaryCrossEntropyKinds)
  checkSameShape('binaryCrossEntropy', input, target)
  const logOf = (x: Tensor): Tensor => x.log().maximum(-100)
  const logOfRest = (x: Tensor): Tensor => x.neg().log1p().maximum(-100)
  const loss = customGradient(
    [input, target],
    (x, t) =>
      t
        .sub(1)
        .mul(logOfRest(x))
        .sub(t.mul(logOf(x))),
    (g) => [
      input.requiresGrad ? g.mul(input.sub(target)).div(input.neg().add(1).mul(input).maximum(1e-12)) : null,
      target.requiresGrad ? g.mul(logOfRest(input).sub(logOf(input))) : null,
    ],
  )
  return reduced(weighted('binaryCrossEntropy', loss, options.weight), options.reduction ?? 'mean')
}

export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** A factor for positive targets, broadcast: above 1 it raises recall. */
  readonly posWeight?: Tensor | number | null
}

/** Binary cross entropy of sigmoid(input), exact for large logits. */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyWithLogitsOptions = {},
): Tensor {
  checkOptions('binaryCrossEntropyWithLogits', options, binaryCrossEntropyWithLogitsKinds)
  checkSameShape('binaryCrossEntropyWithLogits', input, target)
  const { weight, posWeight, reduction = 'mean' } = options
  // -log(sigmoid(x)); the maximum rather than relu, so that the gradient at 0 is right.
  const negativeLog = input.abs().neg().exp().log1p().add(input.neg().maximum(0))
  const scaled =
    posWeight === undefined || posWeight === null
      ? negativeLog
      : calledAs('binaryCrossEntropyWithLogits', () =>
          negativeLog.mul(
            target.mul(typeof posWeight === 'number' ? posWeight - 1 : posWeight.sub(1)).add(1),
          ),
        )
  const loss = target.neg().add(1).mul(input).add(scaled)
  return reduced(weighted('binaryCrossEntropyWithLogits', loss, weight), reduction)
}

function weighted(op: string, loss: Tensor, weight: Tensor | null | undefined): Tensor {
  return weight ? calledAs(op, () => loss.mul(weight)) : loss
}

export interface SigmoidFocalLossOptions {
  /** Weight of positive targets, 1 - alpha that of negative ones; negative for none. Default 0.25. */
  readonly alpha?: number
  /** How strongly well-classified examples are discounted. Default 2. */
  readonly gamma?: number
  /** Default 'none', as torchvision's. */
  readonly reduction?: Reduction
}

/** Focal loss of logits with targets in 0..1 (Lin et al., "Focal Loss for Dense Object Detection", 2017). */
export function sigmoidFocalLoss(
  input: Tensor,
  target: Tensor,
  options: SigmoidFocalLossOptions = {},
): Tensor {
  checkOptions('sigmoidFocalLoss', options, sigmoidFocalLossKinds)
  checkSameShape('sigmoidFocalLoss', input, target)
  const { alpha = 0.25, gamma = 2, reduction = 'none' } = options
  const p = input.sigmoid()
  const entropy = binaryCrossEntropyWithLogits(input, target, { reduction: 'none' })
  const rest = target.neg().add(1)
  const wrong = p.mul(rest).add(p.neg().add(1).mul(target))
  const loss = gamma === 0 ? entropy : entropy.mul(wrong.pow(gamma))
  if (alpha < 0) return reduced(loss, reduction)
  return reduced(loss.mul(target.mul(alpha).add(rest.mul(1 - alpha))), reduction)
}
