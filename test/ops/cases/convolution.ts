import type { Conv2dAttrs, Layout, Node, Padding2d, Pair } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { shapeOfImage } from '../../../src/graph/ops/index.ts'
import { sizeOf } from '../../../src/graph/shape.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, nodeTrial, type OpCase } from '../../support/op-case.ts'

interface Problem {
  readonly attrs: Conv2dAttrs
  readonly kernel: Pair
  readonly size: Pair
  readonly x: number[]
  readonly weight: number[]
  readonly y: number[]
}

type Kind = 'any' | 'pointwise' | 'depthwise' | 'grouped' | 'filtered'

/** A convolution whose window fits. */
function drawProblem(
  random: CaseRandom,
  kind: Kind = random.pick(['any', 'pointwise', 'depthwise', 'grouped']),
): Problem {
  if (kind === 'filtered') return drawFiltered(random)
  const large = random.size === 'large' || random.size === 'huge'
  const many = random.tiny ? 3 : random.size === 'huge' ? 200 : large ? 40 : random.pick([3, 9, 20])
  const layout: Layout = random.pick(['nchw', 'nchw', 'nhwc'])
  const n = random.integer(1, large ? 2 : random.tiny ? 2 : 5)
  const channels = random.integer(1, many)
  const groups = kind === 'depthwise' ? channels : kind === 'grouped' ? random.integer(2, 4) : 1
  const perGroup =
    kind === 'depthwise' ? 1 : kind === 'grouped' ? random.integer(1, Math.ceil(many / 3)) : channels
  const outPerGroup =
    kind === 'depthwise'
      ? random.pick([1, 1, 2])
      : random.integer(1, kind === 'grouped' ? Math.ceil(many / 3) : many)
  const simple = kind === 'pointwise' && random.chance(0.6)
  const kernel: Pair =
    kind === 'pointwise' ? [1, 1] : random.chance(0.4) ? [3, 3] : random.pair(1, random.tiny ? 3 : 5)
  const stride: Pair = simple ? [1, 1] : random.pair(1, random.pick([1, 2, 3]))
  const dilation: Pair = simple || random.chance() ? [1, 1] : random.pair(1, 3)
  const padding: Padding2d =
    simple || random.chance(0.3) ? [0, 0, 0, 0] : [...random.pair(0, 3), ...random.pair(0, 3)]
  const length = (axis: 0 | 1): number => {
    const extent = dilation[axis] * (kernel[axis] - 1) + 1
    const least = Math.max(extent - padding[2 * axis]! - padding[2 * axis + 1]!, 1)
    return least + random.integer(0, large ? 20 : random.tiny ? 2 : 9)
  }
  const size: Pair = [length(0), length(1)]
  const output = ([0, 1] as const).map((axis) =>
    g.convolvedSize(
      size[axis],
      kernel[axis],
      stride[axis],
      padding[2 * axis]! + padding[2 * axis + 1]!,
      dilation[axis],
    ),
  )
  const image = (c: number, h: number, w: number): number[] => shapeOfImage({ n, c, h, w }, layout)
  return {
    attrs: { stride, padding, dilation, groups, layout },
    kernel,
    size,
    x: image(groups * perGroup, ...size),
    weight: [groups * outPerGroup, perGroup, ...kernel],
    y: image(groups * outPerGroup, output[0]!, output[1]!),
  }
}

/** A 3 x 3 kernel of stride 1 with enough channels for Winograd's algorithms. */
function drawFiltered(random: CaseRandom): Problem {
  const layout: Layout = random.pick(['nchw', 'nhwc'])
  const channels = (): number => (random.tiny ? random.integer(1, 3) : random.integer(12, 70))
  const [n, inner, outer] = [random.integer(1, 3), channels(), channels()]
  const padding: Padding2d = [...random.pair(0, 3), ...random.pair(0, 3)]
  const size = random.pair(3, random.tiny ? 5 : 15)
  const image = (c: number, h: number, w: number): number[] => shapeOfImage({ n, c, h, w }, layout)
  return {
    attrs: { stride: [1, 1], padding, dilation: [1, 1], groups: 1, layout },
    kernel: [3, 3],
    size,
    x: image(inner, ...size),
    weight: [outer, inner, 3, 3],
    y: image(outer, size[0] + padding[0] + padding[1] - 2, size[1] + padding[2] + padding[3] - 2),
  }
}

/** The values are of the order of 1, and so are their sums' terms. */
function convolution(kind?: Kind): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const { attrs, x, weight } = drawProblem(random, kind)
      return nodeTrial([random.floats(x), random.floats(weight)], (image, w) => g.conv2d(image!, w!, attrs))
    },
  }
}

function inputGrad(kind?: Kind): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const { attrs, y, weight, size } = drawProblem(random, kind)
      return nodeTrial([random.floats(y), random.floats(weight)], (dy, w) =>
        g.conv2dInputGrad(dy!, w!, attrs, size),
      )
    },
  }
}

function weightGrad(kind?: Kind): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const { attrs, x, y, kernel } = drawProblem(random, kind)
      return nodeTrial([random.floats(x), random.floats(y)], (image, dy) =>
        g.conv2dWeightGrad(image!, dy!, attrs, kernel),
      )
    },
  }
}

const hardSigmoid = (x: Node): Node => g.mul(g.minimum(g.relu(g.add(x, 3)), 6), 1 / 6)
const silu = (x: Node): Node => g.mul(x, g.sigmoid(x))
const hardSwish = (x: Node): Node => g.mul(x, hardSigmoid(x))

/** What kernels know by itself, and what only looks like it. */
const activations: readonly ((x: Node) => Node)[] = [
  (x) => x,
  g.relu,
  g.sigmoid,
  hardSigmoid,
  silu,
  hardSwish,
  (x) => hardSwish(g.minimum(x, 1)),
  (x) => g.relu(g.add(silu(x), 0.25)),
  (x) => g.minimum(hardSwish(x), 2),
  (x) => g.mul(g.relu(x), g.sigmoid(x)),
  (x) => g.mul(g.minimum(g.relu(g.add(x, 2)), 4), 0.25),
  (x) => g.mul(x, silu(x)),
  (x) => g.where(g.less(x, 0), hardSigmoid(x), silu(x)),
]

/** With what a network does to a convolution's results before they are stored. */
function activated(kinds: readonly Kind[]): OpCase {
  return {
    floor: 1,
    // Sums of up to 1600 terms.
    tolerance: 1e-4,
    draw: (random) => {
      const { attrs, x, weight, y } = drawProblem(random, random.pick(kinds))
      // Sums on all sides of the bends of the activations, whose results are of the order of the sums.
      const reach = 4 / Math.sqrt(sizeOf(weight.slice(1)))
      const bias = attrs.layout === 'nchw' ? [y[1]!, 1, 1] : [y[3]!]
      const activation = random.pick(activations)
      const [biased, residual] = [random.chance(0.7), random.chance()]
      const operands = [
        random.floats(x),
        random.floats(weight, -reach, reach),
        random.floats(bias),
        random.floats(y),
      ]
      return nodeTrial(operands, (image, w, b, r) => {
        const convolved = g.conv2d(image!, w!, attrs)
        const shifted = biased ? g.add(convolved, b!) : convolved
        return activation(residual ? g.add(shifted, r!) : shifted)
      })
    },
  }
}

/** With what the gradient of a clamp does to the gradient that comes out of a convolution. */
function gatedConvolution(): OpCase {
  return {
    floor: 1,
    tolerance: 1e-4,
    draw: (random) => {
      const { attrs, x, weight, y } = drawProblem(
        random,
        random.pick(['any', 'pointwise', 'depthwise', 'grouped', 'filtered']),
      )
      const form = random.integer(0, 5)
      const residual = random.chance(0.3)
      const operands = [random.floats(x), random.floats(weight), random.floats(y, -2, 2), random.floats(y)]
      return nodeTrial(operands, (image, w, gate, r) => {
        const convolved = g.conv2d(image!, w!, attrs)
        const value = residual ? g.add(convolved, r!) : convolved
        const at = gate!
        switch (form) {
          case 0:
            return g.where(g.less(0, g.relu(at)), value, 0)
          case 1:
            return g.where(g.less(0, g.relu(at)), g.where(g.lessEqual(1, at), 0, value), 0)
          case 2:
            return g.where(g.lessEqual(at, -0.5), 0, g.where(g.less(at, 1), value, 0))
          case 3:
            return g.where(g.lessEqual(0, g.relu(at)), value, 0)
          case 4:
            return g.where(g.less(at, 0.25), 0, g.where(g.lessEqual(at, 1.5), value, 0))
          default:
            return g.where(g.less(g.relu(at), 0.5), value, 0)
        }
      })
    },
  }
}

export const convolutionCases: CaseTable<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: convolution(),
  conv2dInputGrad: inputGrad(),
  conv2dWeightGrad: weightGrad(),
}

/** The kinds that have algorithms of their own, each often enough. */
export const convolutionKinds: CaseTable = {
  'conv2d, full': convolution('any'),
  'conv2d, 1 x 1': convolution('pointwise'),
  'conv2d, depthwise': convolution('depthwise'),
  'conv2d, grouped': convolution('grouped'),
  'conv2d, 3 x 3 of many channels': convolution('filtered'),
  'conv2d, activated': activated(['any', 'pointwise', 'depthwise', 'grouped']),
  'conv2d, 3 x 3 of many channels, activated': activated(['filtered']),
  'conv2d, gated': gatedConvolution(),
  'conv2dInputGrad, 3 x 3 of many channels': inputGrad('filtered'),
  'conv2dWeightGrad, 3 x 3 of many channels': weightGrad('filtered'),
}
