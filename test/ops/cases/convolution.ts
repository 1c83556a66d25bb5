import type { Conv2dAttrs, Layout, Padding2d, Pair } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { shapeOfImage } from '../../../src/graph/ops/index.ts'
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

type Kind = 'any' | 'pointwise' | 'depthwise' | 'grouped'

/** A convolution whose window fits. */
function drawProblem(
  random: CaseRandom,
  kind: Kind = random.pick(['any', 'pointwise', 'depthwise', 'grouped']),
): Problem {
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

export const convolutionCases: CaseTable<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: convolution(),
  conv2dInputGrad: {
    gradient: true,
    draw: (random) => {
      const { attrs, y, weight, size } = drawProblem(random)
      return nodeTrial([random.floats(y), random.floats(weight)], (dy, w) =>
        g.conv2dInputGrad(dy!, w!, attrs, size),
      )
    },
  },
  conv2dWeightGrad: {
    gradient: true,
    draw: (random) => {
      const { attrs, x, y, kernel } = drawProblem(random)
      return nodeTrial([random.floats(x), random.floats(y)], (image, dy) =>
        g.conv2dWeightGrad(image!, dy!, attrs, kernel),
      )
    },
  },
}

/** The kinds that have algorithms of their own, each often enough. */
export const convolutionKinds: CaseTable = {
  'conv2d, full': convolution('any'),
  'conv2d, 1 x 1': convolution('pointwise'),
  'conv2d, depthwise': convolution('depthwise'),
  'conv2d, grouped': convolution('grouped'),
}
