import * as F from '../../../src/nn/functional/index.ts'
import type { Tensor } from '../../../src/tensor/index.ts'
import { type CaseTable, type OpCase, tensorTrial } from '../../support/op-case.ts'

/** Of one tensor, element by element; the parameters are drawn for each trial. */
function activation(...functions: readonly ((x: Tensor, parameter: number) => Tensor)[]): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const shape = random.shape()
      const x =
        random.chance(0.3) && !random.smooth ? random.floats(shape, -40, 40) : random.floats(shape, -7, 7)
      const [fn, parameter] = [random.pick(functions), random.uniform(0.2, 2)]
      return tensorTrial([x], (x) => fn(x!, parameter))
    },
  }
}

const alongAxis = (fn: (x: Tensor, axis: number) => Tensor): OpCase => ({
  gradient: true,
  draw: (random) => {
    const shape = random.solid(1)
    const axis = random.signedAxis(shape.length)
    return tensorTrial([random.floats(shape, -9, 9)], (x) => fn(x!, axis))
  },
})

export const activationCases: CaseTable = {
  relu: activation(F.relu),
  relu6: activation(F.relu6),
  hardtanh: activation(
    (x) => F.hardtanh(x),
    (x, p) => F.hardtanh(x, -p, 2 * p),
  ),
  leakyRelu: activation((x) => F.leakyRelu(x), F.leakyRelu),
  prelu: {
    gradient: true,
    draw: (random) => {
      const shape = random.solid(1)
      const channels = shape[1] ?? 1
      const weight = random.floats(random.chance() ? [1] : [channels], -1, 1)
      return tensorTrial([random.floats(shape), weight], (x, w) => F.prelu(x!, w!))
    },
  },
  elu: activation((x) => F.elu(x), F.elu),
  selu: activation(F.selu),
  celu: activation((x) => F.celu(x), F.celu),
  gelu: {
    ...activation(
      (x) => F.gelu(x),
      (x) => F.gelu(x, { approximate: 'tanh' }),
    ),
    // Where x is large and negative, 1 + erf is a difference of two ones.
    floor: 1,
  },
  sigmoid: activation(F.sigmoid),
  logSigmoid: activation(F.logSigmoid),
  hardSigmoid: activation(F.hardSigmoid),
  tanh: activation(F.tanh),
  silu: activation(F.silu),
  hardSwish: activation(F.hardSwish),
  mish: activation(F.mish),
  softplus: activation(
    (x) => F.softplus(x),
    (x, p) => F.softplus(x, { beta: p, threshold: 10 }),
  ),
  softsign: activation(F.softsign),
  tanhshrink: activation(F.tanhshrink),
  softshrink: activation((x) => F.softshrink(x), F.softshrink),
  hardshrink: activation((x) => F.hardshrink(x), F.hardshrink),
  threshold: activation((x, p) => F.threshold(x, p, 0.3)),
  softmax: alongAxis(F.softmax),
  softmin: alongAxis(F.softmin),
  logSoftmax: alongAxis(F.logSoftmax),
  glu: {
    gradient: true,
    draw: (random) => {
      const shape = random.solid(1)
      const axis = random.signedAxis(shape.length)
      shape[axis < 0 ? axis + shape.length : axis]! *= 2
      return tensorTrial([random.floats(shape, -5, 5)], (x) => F.glu(x!, axis))
    },
  },
}
