import * as F from '../../../src/nn/functional/index.ts'
import type { Tensor } from '../../../src/tensor/index.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, type OpCase, type Operand, tensorTrial } from '../../support/op-case.ts'

const reductions = ['none', 'mean', 'sum'] as const

interface Options {
  readonly reduction: F.Reduction
}

/** Of an input and a target of one shape. */
function pairwise(
  fn: (input: Tensor, target: Tensor, options: Options, parameter: number) => Tensor,
  input: readonly [number, number] = [-2, 2],
  target = input,
): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const shape = random.solid(1)
      const [reduction, parameter] = [random.pick(reductions), random.uniform(0.3, 1.5)]
      const operands = [random.floats(shape, ...input), random.floats(shape, ...target)]
      return tensorTrial(operands, (a, b) => fn(a!, b!, { reduction }, parameter))
    },
  }
}

/** Logits [n, classes, ...], classes to hit (some of them to be ignored), a weight for each class. */
function classified(
  random: CaseRandom,
  high: number,
): { operands: [Operand, Operand, Operand]; ignoreIndex: number } {
  const shape = random.solid(2)
  const [n, classes, ...space] = shape as [number, number, ...number[]]
  const ignoreIndex = random.pick([-100, -1, 0])
  const target = random.integers([n, ...space], 0, classes - 1)
  if (classes > 1 && random.chance()) {
    for (let i = 1; i < target.values.length; i++) if (random.chance(0.2)) target.values[i] = ignoreIndex
  }
  if (ignoreIndex === 0) target.values[0] = classes - 1
  return { operands: [random.floats(shape, -5, high), target, random.floats([classes], 0.2, 2)], ignoreIndex }
}

export const lossCases: CaseTable = {
  crossEntropy: {
    gradient: true,
    draw: (random) => {
      const { operands, ignoreIndex } = classified(random, 5)
      const [reduction, weighted] = [random.pick(reductions), random.chance()]
      const labelSmoothing = random.chance() ? 0 : random.uniform(0, 0.4)
      return tensorTrial(operands, (input, target, weight) =>
        F.crossEntropy(input!, target!, {
          reduction,
          labelSmoothing,
          ignoreIndex: ignoreIndex === 0 && input!.shape[1] === 1 ? -100 : ignoreIndex,
          weight: weighted ? weight! : null,
        }),
      )
    },
  },
  'crossEntropy, soft targets': {
    gradient: true,
    draw: (random) => {
      const shape = random.solid(2)
      const [reduction, weighted] = [random.pick(reductions), random.chance()]
      const labelSmoothing = random.chance() ? 0 : random.uniform(0, 0.4)
      const operands = [
        random.floats(shape, -5, 5),
        random.floats(shape, 0, 1),
        random.floats([shape[1]!], 0.2, 2),
      ]
      return tensorTrial(operands, (input, target, weight) =>
        F.crossEntropy(input!, target!, { reduction, labelSmoothing, weight: weighted ? weight! : null }),
      )
    },
  },
  nllLoss: {
    gradient: true,
    draw: (random) => {
      const { operands, ignoreIndex } = classified(random, 0)
      const [reduction, weighted] = [random.pick(reductions), random.chance()]
      return tensorTrial(operands, (input, target, weight) =>
        F.nllLoss(input!, target!, {
          reduction,
          ignoreIndex: ignoreIndex === 0 && input!.shape[1] === 1 ? -100 : ignoreIndex,
          weight: weighted ? weight! : null,
        }),
      )
    },
  },
  binaryCrossEntropy: pairwise((a, b, options) => F.binaryCrossEntropy(a, b, options), [0.05, 0.95], [0, 1]),
  binaryCrossEntropyWithLogits: pairwise(
    (a, b, options, parameter) => F.binaryCrossEntropyWithLogits(a, b, { ...options, posWeight: parameter }),
    [-9, 9],
    [0, 1],
  ),
  mseLoss: pairwise((a, b, options) => F.mseLoss(a, b, options)),
  l1Loss: pairwise((a, b, options) => F.l1Loss(a, b, options)),
  smoothL1Loss: pairwise((a, b, options, beta) => F.smoothL1Loss(a, b, { ...options, beta })),
  huberLoss: pairwise((a, b, options, delta) => F.huberLoss(a, b, { ...options, delta })),
  klDiv: pairwise((a, b, options) => F.klDiv(a, b, options), [-3, 0], [0.1, 1]),
  'klDiv, logarithms': pairwise(
    (a, b, { reduction }) =>
      F.klDiv(a, b, { reduction: reduction === 'mean' ? 'batchmean' : reduction, logTarget: true }),
    [-3, 0],
  ),
  sigmoidFocalLoss: pairwise(
    (a, b, options, gamma) => F.sigmoidFocalLoss(a, b, { ...options, gamma: 1 + gamma }),
    [-5, 5],
    [0, 1],
  ),
  cosineSimilarity: pairwise((a, b) => F.cosineSimilarity(a, b, { axis: -1 }), [0.3, 2], [-2, -0.3]),
  pairwiseDistance: pairwise((a, b, _options, p) => F.pairwiseDistance(a, b, { p: 1 + p })),
  tripletMarginLoss: {
    gradient: true,
    draw: (random) => {
      const shape = random.solid(2, 2)
      const [margin, swap, reduction] = [random.uniform(0.1, 2), random.chance(), random.pick(reductions)]
      const operands = [random.floats(shape), random.floats(shape), random.floats(shape)]
      return tensorTrial(operands, (anchor, positive, negative) =>
        F.tripletMarginLoss(anchor!, positive!, negative!, { margin, swap, reduction }),
      )
    },
  },
}
