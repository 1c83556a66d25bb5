import type { Layout, Padding2d, Pair, Pool2dAttrs } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, nodeTrial } from '../../support/op-case.ts'

interface Problem {
  readonly attrs: Pool2dAttrs
  readonly x: number[]
  readonly y: number[]
  readonly size: Pair
}

/** Windows that see one pixel of the image at least; the last ones may reach past its end. */
function drawProblem(random: CaseRandom): Problem {
  const layout: Layout = random.pick(['nchw', 'nhwc'])
  const kernel: Pair = random.chance(0.3) ? [3, 3] : random.pair(1, random.tiny ? 2 : 4)
  const stride = random.pair(1, 3)
  const dilation: Pair = random.chance(0.7) ? [1, 1] : random.pair(1, 2)
  const [n, c] = [random.integer(1, 5), random.dimension(40)]
  const sides = ([0, 1] as const).map((axis) => {
    const extent = dilation[axis] * (kernel[axis] - 1) + 1
    const before = dilation[axis] === 1 ? random.integer(0, Math.floor(kernel[axis] / 2)) : 0
    const size =
      extent + random.integer(0, random.size === 'large' || random.size === 'huge' ? 20 : random.tiny ? 2 : 8)
    const most = Math.floor((size + before - 1) / stride[axis]) + 1
    const whole = Math.floor((size + before - extent) / stride[axis]) + 1
    return { before, size, output: random.chance(0.7) ? whole : random.integer(1, most) }
  })
  const [rows, columns] = [sides[0]!, sides[1]!]
  const padding: Padding2d = [rows.before, 0, columns.before, 0]
  return {
    attrs: { kernel, stride, padding, dilation, outputSize: [rows.output, columns.output], layout },
    x: g.shapeOfImage({ n, c, h: rows.size, w: columns.size }, layout),
    y: g.shapeOfImage({ n, c, h: rows.output, w: columns.output }, layout),
    size: [rows.size, columns.size],
  }
}

export const poolingCases: CaseTable<'maxPool2dIndices' | 'poolGather' | 'poolScatter'> = {
  maxPool2dIndices: {
    gradient: true,
    draw: (random) => {
      const { attrs, x } = drawProblem(random)
      const kind = random.smooth ? 'distinct' : random.pick(['floats', 'ties', 'specials'] as const)
      const wanted = random.smooth ? 'values' : random.pick(['values', 'indices', 'both'] as const)
      return nodeTrial([random[kind](x)], (image) => {
        const indices = g.maxPool2dIndices(image!, attrs)
        const values = g.poolGather(image!, indices, attrs.layout)
        return wanted === 'both' ? [values, indices] : wanted === 'values' ? values : indices
      })
    },
  },
  poolGather: {
    gradient: true,
    draw: (random) => {
      const { attrs, x, y, size } = drawProblem(random)
      const indices = random.integers(y, 0, size[0] * size[1] - 1)
      return nodeTrial([random.floats(x), indices], (image, at) => g.poolGather(image!, at!, attrs.layout))
    },
  },
  poolScatter: {
    gradient: true,
    draw: (random) => {
      const { attrs, y, size } = drawProblem(random)
      const indices = random.integers(y, 0, size[0] * size[1] - 1)
      return nodeTrial([random.floats(y), indices], (pooled, at) =>
        g.poolScatter(pooled!, at!, attrs.layout, size),
      )
    },
  },
}
