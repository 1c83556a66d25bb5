import * as F from '../../../src/nn/functional/index.ts'
import type { Tensor } from '../../../src/tensor/index.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, type OpCase, tensorTrial } from '../../support/op-case.ts'

interface Window {
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
  readonly padding: readonly [number, number]
  readonly shape: number[]
}

/** Images that a window fits into, or of which its last row and column reach out; padding is at most half of it. */
function drawWindow(random: CaseRandom, dilated: boolean, reaching = false): Window {
  const { tiny } = random
  const kernel = random.chance(0.4) ? ([3, 3] as const) : random.pair(1, tiny ? 3 : 4)
  const stride = random.pair(1, tiny ? 2 : 3)
  const dilation = dilated && random.chance(0.3) ? random.pair(1, 2) : ([1, 1] as const)
  const padding = kernel.map((k) => random.integer(0, Math.floor(k / 2))) as [number, number]
  const space = kernel.map((k, i) => {
    const least = dilation[i]! * (k - 1) + 1 - (reaching ? 2 * padding[i]! + stride[i]! - 1 : 0)
    return Math.max(least, 1) + random.integer(0, tiny ? 2 : 8)
  })
  return {
    kernel,
    stride,
    dilation,
    padding,
    shape: [random.integer(1, tiny ? 2 : 5), random.dimension(19), ...space],
  }
}

const activations = [(x: Tensor): Tensor => x, F.relu, F.silu, F.relu6] as const

type Conv = (random: CaseRandom) => {
  x: readonly number[]
  weight: readonly number[]
  outChannels: number
  fn: (x: Tensor, weight: Tensor, bias: Tensor | null) => Tensor
}

/** With a bias, a residual and an activation after it, which the compiler may join to the convolution. */
function convolution(plan: Conv): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const { x, weight, outChannels, fn } = plan(random)
      const [biased, residual] = [random.chance(0.7), random.chance(0.3)]
      const activation = random.pick(activations)
      const operands = [random.floats(x), random.floats(weight, -1, 1), random.floats([outChannels])]
      return tensorTrial(operands, (x, w, b) => {
        const y = fn(x!, w!, biased ? b! : null)
        return activation(residual ? y.add(y.mul(0.5).sin()) : y)
      })
    },
  }
}

function channels(random: CaseRandom): { groups: number; perGroup: number; out: number } {
  const groups = random.pick([1, 1, 1, 2, 3])
  return {
    groups,
    perGroup: random.dimension(random.tiny ? 3 : 17),
    out: groups * random.dimension(random.tiny ? 3 : 17),
  }
}

function pooling(
  fn: (x: Tensor, random: Window, choice: CaseRandom) => Tensor | readonly Tensor[],
  dilated: boolean,
  reaching = false,
): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const window = drawWindow(random, dilated, reaching)
      const x = random.smooth ? random.distinct(window.shape) : random.floats(window.shape)
      return tensorTrial([x], (t) => fn(t!, window, random))
    },
  }
}

export const windowCases: CaseTable = {
  'conv2d, bias and activation': convolution((random) => {
    const { kernel, stride, dilation, padding, shape } = drawWindow(random, true)
    const { groups, perGroup, out } = channels(random)
    return {
      x: [shape[0]!, groups * perGroup, shape[2]!, shape[3]!],
      weight: [out, perGroup, ...kernel],
      outChannels: out,
      fn: (x, w, b) => F.conv2d(x, w, b, { stride, padding, dilation, groups }),
    }
  }),
  "conv2d, padding 'same'": convolution((random) => {
    const { kernel, stride, dilation, shape } = drawWindow(random, true)
    const { groups, perGroup, out } = channels(random)
    const tensorFlow = random.chance()
    return {
      x: [shape[0]!, groups * perGroup, shape[2]!, shape[3]!],
      weight: [out, perGroup, ...kernel],
      outChannels: out,
      fn: (x, w, b) =>
        tensorFlow
          ? F.conv2d(x, w, b, { stride, padding: 'sameTensorFlow', dilation, groups })
          : F.conv2d(x, w, b, { padding: 'same', dilation, groups }),
    }
  }),
  conv1d: convolution((random) => {
    const { kernel, stride, dilation, padding, shape } = drawWindow(random, true)
    const { groups, perGroup, out } = channels(random)
    const options = { stride: stride[0], padding: padding[0], dilation: dilation[0], groups }
    return {
      x: [shape[0]!, groups * perGroup, shape[2]!],
      weight: [out, perGroup, kernel[0]],
      outChannels: out,
      fn: (x, w, b) => F.conv1d(x, w, b, options),
    }
  }),
  convTranspose2d: convolution((random) => {
    const { kernel, stride, dilation, padding, shape } = drawWindow(random, true)
    const { groups, perGroup, out } = channels(random)
    const outputPadding = stride.map((s, i) => random.integer(0, Math.max(s, dilation[i]!) - 1)) as [
      number,
      number,
    ]
    const fits = padding.map((p, i) => Math.min(p, dilation[i]! * (kernel[i]! - 1)) >> 1) as [number, number]
    return {
      x: [shape[0]!, out, random.dimension(5), random.dimension(5)],
      weight: [out, perGroup, ...kernel],
      outChannels: groups * perGroup,
      fn: (x, w, b) => F.convTranspose2d(x, w, b, { stride, padding: fits, dilation, groups, outputPadding }),
    }
  }),
  'two convolutions': convolution((random) => {
    const [n, c, out] = [random.integer(1, random.tiny ? 2 : 5), random.dimension(17), random.dimension(17)]
    const [h, w] = [random.dimension(9) + 2, random.dimension(9) + 2]
    return {
      x: [n, c, h, w],
      weight: [out, c, 3, 3],
      outChannels: out,
      fn: (x, weight, bias) => {
        const inner = F.silu(F.conv2d(x, weight, bias, { padding: 1 }))
        return F.conv2d(inner, weight.transpose(0, 1), null, { padding: 1 })
          .add(x)
          .mul(0.1)
          .sum(1, true)
          .expand(n, out, h, w)
      },
    }
  }),
  maxPool2d: pooling((x, { kernel, stride, padding }) => F.maxPool2d(x, kernel, { stride, padding }), false),
  'maxPool2d, ceilMode': pooling(
    (x, { kernel, stride, padding }) => {
      const { values, indices } = F.maxPool2dWithIndices(x, kernel, { stride, padding, ceilMode: true })
      return [values, indices]
    },
    false,
    true,
  ),
  'maxPool2d, dilation': pooling(
    (x, { kernel, stride, dilation }) => F.maxPool2d(x, kernel, { stride, dilation }),
    true,
  ),
  avgPool2d: pooling((x, { kernel, stride, padding }) => F.avgPool2d(x, kernel, { stride, padding }), false),
  'avgPool2d, ceilMode': pooling(
    (x, { kernel, stride, padding }) =>
      F.avgPool2d(x, kernel, { stride, padding, ceilMode: true, countIncludePad: padding[0] > 0 }),
    false,
    true,
  ),
  'avgPool2d, divisor': pooling(
    (x, { kernel, stride, padding }) =>
      F.avgPool2d(x, kernel, { stride, padding, countIncludePad: false }).add(
        F.avgPool2d(x, kernel, { stride, padding, divisorOverride: 3 }),
      ),
    false,
  ),
  adaptiveAvgPool2d: pooling((x, { kernel }) => F.adaptiveAvgPool2d(x, kernel), false),
  adaptiveMaxPool2d: pooling((x, { kernel }) => {
    const { values, indices } = F.adaptiveMaxPool2dWithIndices(x, kernel)
    return [values, indices]
  }, false),
  'global pooling': pooling((x, { kernel }) => {
    const keepdim = kernel[0] > 1
    return [F.globalAvgPool(x, keepdim), F.globalMaxPool(x, keepdim)]
  }, false),
}
