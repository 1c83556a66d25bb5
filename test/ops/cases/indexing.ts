import * as g from '../../../src/graph/ops/index.ts'
import type { Shape } from '../../../src/graph/shape.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, nodeTrial, type Operand } from '../../support/op-case.ts'

/** Indices along an axis, for some of the places in the other dimensions. */
function indicesInto(random: CaseRandom, shape: Shape, axis: number): Operand {
  const indexShape = shape.map((d, i) => {
    if (i === axis) return random.integer(random.smooth ? 1 : 0, 12)
    return random.chance(0.7) ? d : random.integer(Math.min(d, 1), d)
  })
  return random.integers(indexShape, 0, shape[axis]! - 1)
}

export const indexingCases: CaseTable<'gather' | 'scatterAdd' | 'resample'> = {
  gather: {
    gradient: true,
    draw: (random) => {
      const x = random.any(random.solid(1), random.dtype())
      const axis = random.axis(x.shape.length)
      const index = indicesInto(random, x.shape, axis)
      return nodeTrial([x, index], (node, at) => g.gather(node!, at!, axis))
    },
  },
  scatterAdd: {
    gradient: true,
    draw: (random) => {
      const dtype = random.dtype(['float32', 'float32', 'int32', 'uint8'])
      const base = random.any(random.solid(1), dtype)
      const axis = random.axis(base.shape.length)
      const index = indicesInto(random, base.shape, axis)
      const source = random.any(index.shape, dtype)
      return nodeTrial([base, index, source], (to, at, from) => g.scatterAdd(to!, at!, from!, axis))
    },
  },
  resample: {
    gradient: true,
    draw: (random) => {
      const x = random.floats(random.solid(1))
      const axis = random.axis(x.shape.length)
      const inSize = x.shape[axis]!
      const most = random.integer(1, 6)
      const taps = g.makeTaps(
        inSize,
        Array.from({ length: random.integer(random.smooth ? 1 : 0, 14) }, () => {
          const length = random.integer(0, most)
          return {
            indices: Array.from({ length }, () => random.integer(0, inSize - 1)),
            weights: Array.from({ length }, () => random.uniform(-1, 1)),
          }
        }),
      )
      return nodeTrial([x], (node) => g.resample(node!, axis, taps))
    },
  },
}
