import * as F from '../../../src/nn/functional/index.ts'
import { Generator, type Tensor } from '../../../src/tensor/index.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, type OpCase, tensorTrial } from '../../support/op-case.ts'

/** [n, c, ...] with several values for each channel: of two the deviations are nearly lost to rounding. */
function batch(random: CaseRandom, minRank = 2): number[] {
  const shape = random.solid(minRank, 4)
  if (shape.length === 2) return [random.integer(4, 9), shape[1]!]
  shape[0] = random.integer(1, random.tiny ? 2 : 5)
  shape[2] = random.integer(4, 7)
  return shape
}

/** Of x, and a weight, a bias, a mean and a variance for each channel. */
function perChannel(
  fn: (x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) => Tensor | readonly Tensor[],
  minRank = 2,
): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const shape = batch(random, minRank)
      const channels = [shape[1]!]
      const operands = [
        random.normals(shape),
        random.floats(channels),
        random.floats(channels),
        random.floats(channels),
        random.floats(channels, 0.3, 2),
      ]
      return tensorTrial(operands, (x, w, b, mean, variance) => fn(x!, w!, b!, mean!, variance!))
    },
  }
}

function dropping(fn: (x: Tensor, p: number, options: F.DropoutOptions) => Tensor): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const shape = random.solid(2)
      const [p, seed, training] = [random.uniform(0.1, 0.9), random.integer(0, 1000), random.chance(0.8)]
      return tensorTrial([random.floats(shape)], (x) =>
        fn(x!, p, { generator: new Generator(seed), training }),
      )
    },
  }
}

export const normalizationCases: CaseTable = {
  'batchNorm, training': perChannel((x, weight, bias) => F.batchNorm(x, { weight, bias, training: true })),
  'batchNorm, running statistics': {
    ...perChannel((x, weight, bias, mean, variance) => {
      const running = { runningMean: mean.mul(1), runningVar: variance.mul(1) }
      const y = F.batchNorm(x, { ...running, weight, bias, training: true, momentum: 0.3 })
      return [y, running.runningMean, running.runningVar]
    }),
    gradient: false,
  },
  'batchNorm, evaluation': perChannel((x, weight, bias, runningMean, runningVar) =>
    F.batchNorm(x, { weight, bias, runningMean, runningVar }),
  ),
  'batchNorm, plain': perChannel((x, _weight, _bias, runningMean, runningVar) =>
    F.batchNorm(x, { runningMean, runningVar }).add(F.batchNorm(x, { training: true })),
  ),
  groupNorm: {
    gradient: true,
    draw: (random) => {
      const shape = batch(random, 3)
      const groups = random.integer(1, 3)
      const channels = groups * random.integer(1, 4)
      shape[1] = channels
      const operands = [random.floats(shape), random.floats([channels]), random.floats([channels])]
      const affine = random.chance()
      return tensorTrial(operands, (x, weight, bias) =>
        F.groupNorm(x!, groups, affine ? { weight: weight!, bias: bias! } : {}),
      )
    },
  },
  layerNorm: {
    gradient: true,
    draw: (random) => {
      const shape = random.solid(1)
      shape[shape.length - 1]! += 4
      const normalized = shape.slice(-random.integer(1, shape.length))
      const operands = [random.floats(shape), random.floats(normalized), random.floats(normalized)]
      const affine = random.chance()
      return tensorTrial(operands, (x, weight, bias) =>
        F.layerNorm(x!, normalized, affine ? { weight: weight!, bias: bias! } : {}),
      )
    },
  },
  instanceNorm: perChannel((x, weight, bias) => F.instanceNorm(x, { weight, bias }), 3),
  'instanceNorm, running statistics': perChannel(
    (x, weight, bias, runningMean, runningVar) =>
      F.instanceNorm(x, { weight, bias, runningMean, runningVar, useInputStats: false }),
    3,
  ),
  localResponseNorm: {
    gradient: true,
    draw: (random) => {
      const [size, alpha, beta] = [
        random.integer(1, 6),
        random.uniform(0.01, 1),
        random.pick([0.75, 0.5, 1.2]),
      ]
      return tensorTrial([random.floats(random.solid(3))], (x) =>
        F.localResponseNorm(x!, size, { alpha, beta, k: random.smooth ? 1 : 2 }),
      )
    },
  },
  normalize: {
    gradient: true,
    draw: (random) => {
      const shape = random.solid(1)
      const [axis, p] = [random.signedAxis(shape.length), random.pick([1, 2, 3])]
      return tensorTrial([random.awayFromZero(shape)], (x) => F.normalize(x!, { axis, p }))
    },
  },
  dropout: dropping(F.dropout),
  dropout1d: dropping(F.dropout1d),
  dropout2d: dropping(F.dropout2d),
  alphaDropout: dropping(F.alphaDropout),
  dropPath: dropping(F.dropPath),
  'dropPath, batch': dropping((x, p, options) => F.stochasticDepth(x, p, 'batch', options)),
}
