import { checkOptions, type OptionKinds } from '../../tensor/options.ts'
import { Tensor } from '../../tensor/tensor.ts'
import {
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type SigmoidFocalLossOptions,
  sigmoidFocalLoss,
} from '../functional/binary-loss.ts'
import {
  type CrossEntropyOptions,
  crossEntropy,
  type NllLossOptions,
  nllLoss,
} from '../functional/classification-loss.ts'
import {
  binaryCrossEntropyKinds,
  binaryCrossEntropyWithLogitsKinds,
  crossEntropyKinds,
  huberLossKinds,
  klDivKinds,
  lossKinds,
  nllLossKinds,
  sigmoidFocalLossKinds,
  smoothL1LossKinds,
  tripletMarginLossKinds,
} from '../functional/options.ts'
import type { LossOptions } from '../functional/reduction.ts'
import {
  type HuberLossOptions,
  huberLoss,
  type KlDivOptions,
  klDiv,
  l1Loss,
  mseLoss,
  type SmoothL1LossOptions,
  smoothL1Loss,
  type TripletMarginLossOptions,
  tripletMarginLoss,
} from '../functional/regression-loss.ts'
import { Module } from '../module.ts'
import { type Buffer, buffer } from '../parameter.ts'
import { represent } from './represent.ts'

/** A loss with its options; tensors among them are buffers. */
abstract class Loss<Options extends object> extends Module {
  readonly options: Options
  readonly #buffers: [name: string, buffer: Buffer][] = []

  constructor(options: Options, kinds: OptionKinds<Options>) {
    super()
    checkOptions(this.constructor.name, options, kinds)
    const own = { ...options } as Record<string, unknown>
    for (const [name, value] of Object.entries(own)) {
      if (!(value instanceof Tensor)) continue
      const held = buffer(value)
      own[name] = held
      this.#buffers.push([name, held])
    }
    this.options = own as Options
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    yield* this.#buffers
  }

  override extraRepr(): string {
    const shown = Object.entries(this.options).filter(([, value]) => !(value instanceof Tensor))
    return represent([], Object.fromEntries(shown))
  }
}

/** Cross entropy of logits [n, classes, ...] with class indices or probabilities. */
export class CrossEntropyLoss extends Loss<CrossEntropyOptions> {
  constructor(options: CrossEntropyOptions = {}) {
    super(options, crossEntropyKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, this.options)
  }
}

/** Cross entropy of log-probabilities [n, classes, ...] with class indices. */
export class NLLLoss extends Loss<NllLossOptions> {
  constructor(options: NllLossOptions = {}) {
    super(options, nllLossKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, this.options)
  }
}

/** Binary cross entropy of probabilities. */
export class BCELoss extends Loss<BinaryCrossEntropyOptions> {
  constructor(options: BinaryCrossEntropyOptions = {}) {
    super(options, binaryCrossEntropyKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, this.options)
  }
}

/** Binary cross entropy of logits. */
export class BCEWithLogitsLoss extends Loss<BinaryCrossEntropyWithLogitsOptions> {
  constructor(options: BinaryCrossEntropyWithLogitsOptions = {}) {
    super(options, binaryCrossEntropyWithLogitsKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, this.options)
  }
}

/** Focal loss of logits (Lin et al., 2017). */
export class SigmoidFocalLoss extends Loss<SigmoidFocalLossOptions> {
  constructor(options: SigmoidFocalLossOptions = {}) {
    super(options, sigmoidFocalLossKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return sigmoidFocalLoss(input, target, this.options)
  }
}

/** Squared difference. */
export class MSELoss extends Loss<LossOptions> {
  constructor(options: LossOptions = {}) {
    super(options, lossKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options)
  }
}

/** Absolute difference. */
export class L1Loss extends Loss<LossOptions> {
  constructor(options: LossOptions = {}) {
    super(options, lossKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options)
  }
}

/** Quadratic below beta, linear above (Girshick, 2015). */
export class SmoothL1Loss extends Loss<SmoothL1LossOptions> {
  constructor(options: SmoothL1LossOptions = {}) {
    super(options, smoothL1LossKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options)
  }
}

/** Quadratic up to delta, linear above (Huber, 1964). */
export class HuberLoss extends Loss<HuberLossOptions> {
  constructor(options: HuberLossOptions = {}) {
    super(options, huberLossKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options)
  }
}

/** Kullback-Leibler divergence of a target distribution from log-probabilities. */
export class KLDivLoss extends Loss<KlDivOptions> {
  constructor(options: KlDivOptions = {}) {
    super(options, klDivKinds)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this.options)
  }
}

/** max(d(anchor, positive) - d(anchor, negative) + margin, 0). */
export class TripletMarginLoss extends Loss<TripletMarginLossOptions> {
  constructor(options: TripletMarginLossOptions = {}) {
    super(options, tripletMarginLossKinds)
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginLoss(anchor, positive, negative, this.options)
  }
}
