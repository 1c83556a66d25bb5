import type { DType } from '../../../src/graph/dtype.ts'
import type { Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, nodeTrial, type OpCase, type Operand } from '../../support/op-case.ts'

const numbers: readonly DType[] = ['float32', 'float32', 'int32', 'uint8']
const all: readonly DType[] = [...numbers, 'bool']

/** Two operands that broadcast, either one the larger; sometimes a number in the place of one. */
function binary(
  op: (a: g.Scalar, b: g.Scalar) => Node,
  options: {
    readonly dtypes?: readonly DType[]
    readonly gradient?: boolean
    readonly values?: (
      random: CaseRandom,
      shape: readonly number[],
      dtype: DType,
      which: 'a' | 'b',
    ) => Operand
  } = {},
): OpCase {
  const { dtypes = all, gradient = true } = options
  return {
    gradient,
    elementwise: true,
    draw: (random) => {
      const dtype = random.dtype(dtypes)
      const values = options.values ?? operand
      const shape = random.shape()
      const shapes = [shape, random.broadcastable(shape)]
      if (random.chance()) shapes.reverse()
      const [a, b] = [values(random, shapes[0]!, dtype, 'a'), values(random, shapes[1]!, dtype, 'b')]
      if (!random.chance(0.2)) return nodeTrial([a, b], (x, y) => op(x!, y!))
      const number = dtype === 'float32' ? random.pick([1, 2, 0.5, 3, 1.7]) : random.integer(1, 9)
      if (random.chance()) return nodeTrial([a], (x) => op(x!, number))
      return nodeTrial([b], (y) => op(number, y!))
    },
  }
}

function operand(random: CaseRandom, shape: readonly number[], dtype: DType): Operand {
  if (random.smooth) return random.distinct(shape)
  if (dtype !== 'float32') return random.chance() ? random.any(shape, dtype) : random.ties(shape, dtype)
  const kind = random.pick(['floats', 'ties', 'specials', 'floats'] as const)
  return random[kind](shape)
}

export const binaryCases: CaseTable<g.BinaryOp | 'where' | 'cast'> = {
  add: binary(g.add),
  sub: binary(g.sub),
  mul: binary(g.mul),
  div: binary(g.div, {
    dtypes: ['float32'],
    values: (random, shape) => {
      if (random.smooth) return random.awayFromZero(shape)
      return random.chance(0.2) ? random.specials(shape) : random.floats(shape)
    },
  }),
  pow: binary(g.pow, {
    dtypes: ['float32'],
    values: (random, shape, _dtype, which) => {
      if (random.smooth) return random.floats(shape, 0.3, 2.5)
      if (random.chance(0.2)) return random.specials(shape, 1e18)
      if (which === 'a') return random.floats(shape, random.chance() ? 0 : -3, 3)
      return random.chance() ? random.ties(shape) : random.floats(shape, -4, 4)
    },
  }),
  maximum: binary(g.maximum),
  minimum: binary(g.minimum),
  remainder: binary(g.remainder, {
    dtypes: numbers,
    values: (random, shape, dtype) =>
      random.smooth ? random.awayFromZero(shape) : operand(random, shape, dtype),
  }),
  equal: binary(g.equal, { gradient: false }),
  less: binary(g.less, { gradient: false }),
  lessEqual: binary(g.lessEqual, { gradient: false }),
  where: {
    gradient: true,
    elementwise: true,
    draw: (random) => {
      const dtype = random.dtype()
      const shape = random.shape()
      const condition = random.any(random.broadcastable(shape), 'bool')
      const [a, b] = [random.any(shape, dtype), random.any(random.broadcastable(shape), dtype)]
      if (random.chance(0.2)) return nodeTrial([condition, a], (c, x) => g.where(c!, x!, 1))
      const swapped = random.chance()
      return nodeTrial([condition, a, b], (c, x, y) => g.where(c!, swapped ? y! : x!, swapped ? x! : y!))
    },
  },
  cast: {
    gradient: true,
    elementwise: true,
    draw: (random) => {
      const [from, to] = [random.dtype(all), random.dtype(all)]
      const shape = random.shape()
      const x = from === 'float32' ? castable(random, shape, to) : random.any(shape, from)
      return nodeTrial([x], (node) => g.cast(node!, to))
    },
  },
}

/** Floats within the range of the dtype: beyond it languages differ. */
function castable(random: CaseRandom, shape: readonly number[], to: DType): Operand {
  switch (to) {
    case 'uint8':
      return random.floats(shape, 0, 255)
    case 'float32':
      return random.floats(shape)
    case 'bool':
      return random.ties(shape)
    default:
      return random.floats(shape, -1e5, 1e5)
  }
}
