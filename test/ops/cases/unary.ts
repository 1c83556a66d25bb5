import type { DType } from '../../../src/graph/dtype.ts'
import type { Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import type { Shape } from '../../../src/graph/shape.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, nodeTrial, type OpCase, type Operand } from '../../support/op-case.ts'

interface Domain {
  readonly low?: number
  readonly high?: number
  /** The domain for gradients, where it is another one. */
  readonly smooth?: readonly [number, number]
  readonly dtypes?: readonly DType[]
}

const integral: readonly DType[] = ['float32', 'float32', 'int32', 'uint8']

function unary(op: (x: Node) => Node, domain: Domain = {}): OpCase {
  const { dtypes = ['float32'] } = domain
  return {
    gradient: true,
    elementwise: true,
    draw: (random) => {
      const dtype = random.dtype(dtypes)
      const shape = random.shape()
      const x = dtype === 'float32' ? floats(random, shape, domain) : random.any(shape, dtype)
      return nodeTrial([x], (node) => op(node!))
    },
  }
}

function floats(random: CaseRandom, shape: Shape, { low = -10, high = 10, smooth }: Domain): Operand {
  if (random.smooth) return random.floats(shape, ...(smooth ?? [low, high]))
  if (random.chance(0.2)) return random.specials(shape)
  // Results near 0 must be right in all their digits, too.
  const small = random.chance(0.2)
  return random.floats(shape, small ? Math.max(low, -1e-3) : low, small ? Math.min(high, 1e-3) : high)
}

export const unaryCases: CaseTable<g.UnaryOp> = {
  neg: unary(g.neg, { dtypes: integral }),
  abs: unary(g.abs, { dtypes: integral }),
  sign: unary(g.sign, { dtypes: integral }),
  exp: unary(g.exp, { low: -100, high: 90, smooth: [-3, 3] }),
  expm1: unary(g.expm1, { low: -30, high: 90, smooth: [-3, 3] }),
  log: unary(g.log, { low: 0, high: 100, smooth: [0.2, 9] }),
  log1p: unary(g.log1p, { low: -0.99, high: 100, smooth: [-0.6, 9] }),
  sqrt: unary(g.sqrt, { low: 0, high: 1000, smooth: [0.2, 9] }),
  sin: unary(g.sin, { low: -1000, high: 1000, smooth: [-9, 9] }),
  cos: unary(g.cos, { low: -1000, high: 1000, smooth: [-9, 9] }),
  tanh: unary(g.tanh, { smooth: [-3, 3] }),
  sigmoid: unary(g.sigmoid, { low: -100, high: 100, smooth: [-5, 5] }),
  erf: unary(g.erf, { low: -5, high: 5, smooth: [-2, 2] }),
  floor: unary(g.floor, { dtypes: integral }),
  round: unary(g.round, { dtypes: integral }),
  relu: unary(g.relu, { dtypes: integral }),
}
