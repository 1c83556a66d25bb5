import { F, Sequential, Sigmoid } from '../nn/index.ts'
import { Tensor, tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { checkOptions } from '../tensor/options.ts'
import { DenseNet, type DenseNetOptions, densenet121Spec, densenetOptions } from './densenet.ts'
import type { Variant } from './network.ts'

/**
 * CheXNet (Rajpurkar et al. 2017): DenseNet-121 over frontal chest X-rays, their grey values in three channels. `forward`
 * gives a probability in 0..1 for each of the 14 findings of ChestX-ray14, any number of which may be there.
 */
export class CheXNet extends DenseNet {
  constructor(options: DenseNetOptions = {}) {
    super(densenet121Spec, { numClasses: 14, ...options })
    this.classifier = new Sequential(this.classifier, new Sigmoid())
  }

  override classifierNames(): readonly string[] {
    return ['classifier.0']
  }

  /** Knows the names of the checkpoint of arnoweng/CheXNet, which wraps the network twice, besides those of DenseNet. */
  override renameKey(name: string): string {
    return super.renameKey(name.replace(/^(module\.)?densenet121\./, ''))
  }
}

export interface ChexnetLossOptions {
  /**
   * The share of training images with each finding (or one share for all), in 0..1. The rarer a finding, the more its
   * presence counts: weight `1 - share`, its absence `share`. Without it both count 1.
   */
  readonly positiveShare?: number | readonly number[] | Tensor
}

const lossOptions: OptionKinds<ChexnetLossOptions> = { positiveShare: 'any' }

/**
 * The loss of section 2.1 and 4 of the paper: binary cross entropies of the probabilities [batch, findings] with targets of
 * the same shape (1 where a finding is there, 0 where not), summed over the findings, mean over the images.
 */
export function chexnetLoss(
  probabilities: Tensor,
  targets: Tensor,
  options: ChexnetLossOptions = {},
): Tensor {
  checkOptions('chexnetLoss', options, lossOptions)
  const { positiveShare } = options
  const share =
    positiveShare instanceof Tensor || positiveShare === undefined
      ? positiveShare
      : tensor(typeof positiveShare === 'number' ? [positiveShare] : positiveShare)
  // targets * (1 - share) + (1 - targets) * share
  const weight = share?.add(targets.mul(share.mul(-2).add(1))) ?? null
  const sum = F.binaryCrossEntropy(probabilities, targets, { weight, reduction: 'sum' })
  return sum.div(targets.shape[0]!)
}

export const variants: { readonly chexnet_densenet121: Variant<DenseNetOptions> } = {
  chexnet_densenet121: { options: densenetOptions, create: (options) => new CheXNet(options) },
}
