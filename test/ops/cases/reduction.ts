import type { DType } from '../../../src/graph/dtype.ts'
import * as g from '../../../src/graph/ops/index.ts'
import type { Shape } from '../../../src/graph/shape.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, nodeTrial, type Operand } from '../../support/op-case.ts'

type Reduction = 'reduceSum' | 'reduceMax' | 'reduceProd' | 'argMax' | 'cumSum' | 'cumArgMax' | 'argSort'

/** Mostly short axes, some of thousands of elements. */
function reducible(random: CaseRandom, minRank: number): number[] {
  if (random.smooth || random.chance(0.9)) return random.shape(minRank)
  const shape = [random.integer(1, 7), random.integer(1, 7)]
  shape.splice(random.integer(0, 2), 0, random.integer(500, 4000))
  return shape
}

/** What is compared: distinct for a gradient, else with ties, infinities and NaN. */
function comparable(random: CaseRandom, shape: Shape, dtypes?: readonly DType[]): Operand {
  const dtype = random.dtype(dtypes)
  if (random.smooth) return random.distinct(shape)
  if (dtype !== 'float32') return random.chance() ? random.ties(shape, dtype) : random.any(shape, dtype)
  const kind = random.pick(['floats', 'ties', 'specials', 'distinct'] as const)
  return random[kind](shape)
}

const largerThanNothing = (shape: number[]): number[] => shape.map((d) => Math.max(d, 1))

export const reductionCases: CaseTable<Reduction> = {
  reduceSum: {
    gradient: true,
    draw: (random) => {
      const x = random.any(reducible(random, 0), random.dtype())
      const axes = random.chance(0.05) ? [] : random.axes(x.shape.length)
      const [keepdim, scaled] = [random.chance(), random.chance(0.3)]
      return nodeTrial([x], (node) =>
        scaled ? g.reduceMean(node!, axes, keepdim) : g.reduceSum(node!, axes, keepdim),
      )
    },
  },
  reduceMax: {
    gradient: true,
    draw: (random) => {
      const x = comparable(random, largerThanNothing(reducible(random, 0)))
      const axes = random.chance(0.05) ? [] : random.axes(x.shape.length)
      const keepdim = random.chance()
      return nodeTrial([x], (node) => g.reduceMax(node!, axes, keepdim))
    },
  },
  reduceProd: {
    gradient: true,
    draw: (random) => {
      const dtype = random.dtype()
      const shape = random.shape()
      const zeros = random.smooth && random.chance()
      const factor = (): number =>
        zeros && random.chance(0.3) ? 0 : random.uniform(0.7, 1.3) * random.pick([1, -1])
      const x = dtype === 'float32' ? random.drawn(shape, dtype, factor) : random.any(shape, dtype)
      const [axes, keepdim] = [random.axes(shape.length), random.chance()]
      return nodeTrial([x], (node) => g.reduceProd(node!, axes, keepdim))
    },
  },
  argMax: {
    draw: (random) => {
      const x = comparable(random, largerThanNothing(reducible(random, 1)))
      const axis = random.axis(x.shape.length)
      return nodeTrial([x], (node) => g.argMax(node!, axis))
    },
  },
  cumSum: {
    gradient: true,
    draw: (random) => {
      const x = random.any(reducible(random, 1), random.dtype())
      const axis = random.axis(x.shape.length)
      return nodeTrial([x], (node) => g.cumSum(node!, axis))
    },
  },
  cumArgMax: {
    draw: (random) => {
      const x = comparable(random, reducible(random, 1))
      const axis = random.axis(x.shape.length)
      return nodeTrial([x], (node) => g.cumArgMax(node!, axis))
    },
  },
  argSort: {
    draw: (random) => {
      const x = comparable(random, reducible(random, 1))
      const [axis, descending] = [random.axis(x.shape.length), random.chance()]
      return nodeTrial([x], (node) => g.argSort(node!, axis, descending))
    },
  },
}
