import { type NllLossOptions, nllLoss } from '../../nn/functional/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'

function optionsOf(call: Call): NllLossOptions {
  const weight = call.optionalTensor(2)
  return {
    reduction: call.text('reduction', ['none', 'mean', 'sum'], 'mean'),
    ...(weight === null ? {} : { weight }),
    ...(call.hasAttribute('ignore_index') ? { ignoreIndex: call.int('ignore_index') } : {}),
  }
}

/** With the log-probabilities, if they are asked for. */
function softmaxCrossEntropy(call: Call): readonly Tensor[] {
  const logProbabilities = call.tensor(0).logSoftmax(1)
  return [nllLoss(logProbabilities, call.tensor(1), optionsOf(call)), logProbabilities]
}

export const lossOperators: Operators = {
  NegativeLogLikelihoodLoss: operator(12, (call) => nllLoss(call.tensor(0), call.tensor(1), optionsOf(call))),
  SoftmaxCrossEntropyLoss: operator(12, softmaxCrossEntropy),
}
