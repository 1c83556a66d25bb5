import { Network } from '../models/index.ts'
import type { Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'

type LossOf = (outputs: Tensor, labels: Tensor) => Tensor

/** An output that holds scores of the classes, and how much it counts in the loss. */
interface Scores {
  readonly values: Tensor
  readonly weight: number
}

function scoresOf(model: Module, images: Tensor): readonly [Scores, ...Scores[]] {
  if (!(model instanceof Network)) return [{ values: model.forward(images), weight: 1 }]
  const { lossWeights } = model
  const scores = model
    .forwardAll(images)
    .map((values, i): Scores => ({ values, weight: lossWeights[i] ?? lossWeights.at(-1) ?? 0 }))
    .filter(({ weight }) => weight > 0)
  const [first, ...others] = scores
  if (first === undefined) {
    throw new TypeError(
      `${model.constructor.name}: none of its outputs are class scores, so there is no loss against labels`,
    )
  }
  return [first, ...others]
}

/** The scores that decide on the class, and the loss of all of a network's classifiers, auxiliary ones included. */
export function scoresAndLoss(
  model: Module,
  images: Tensor,
  labels: Tensor,
  lossOf: LossOf,
): { readonly scores: Tensor; readonly loss: Tensor } {
  const all = scoresOf(model, images)
  const terms = all.map(({ values, weight }) => {
    const loss = lossOf(values, labels)
    return weight === 1 ? loss : loss.mul(weight)
  })
  return { scores: all[0].values, loss: terms.reduce((a, b) => a.add(b)) }
}
