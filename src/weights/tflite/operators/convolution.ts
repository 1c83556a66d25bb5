import { type Attributes, int, ints, string } from '../../../onnx/model.ts'
import { imageLayout } from '../layout.ts'
import type { Operation } from '../operation.ts'

/** SAME of the schema's Padding. */
const same = 0

/** The place of the weights' axes in ONNX ([out, in / groups, h, w]), of [out, h, w, in / groups] and [1, h, w, out]. */
const convolutionWeights = [0, 3, 1, 2]
const depthwiseWeights = [3, 0, 1, 2]
/** [out, h, w, in] as [in, out, h, w]. */
const transposedWeights = [3, 0, 1, 2]

/** Attributes for a window of [height, width] that is moved over images. */
export function windowAttributes(
  op: Operation,
  window: {
    kernel: readonly number[]
    strides: readonly number[]
    dilations: readonly number[]
    padding: number
  },
): Attributes {
  const { kernel, strides, dilations, padding } = window
  if (![...kernel, ...strides, ...dilations].every((n) => n >= 1 && n <= 65_536)) {
    op.fail(`has a window of ${kernel}, strides ${strides} and dilations ${dilations}`)
  }
  const spans = kernel.map((size, i) => (size - 1) * dilations[i]!)
  const symmetric = spans.every((span, i) => span % 2 === 0 && strides[i] === 1)
  const half = spans.map((span) => span / 2)
  const pads: Attributes =
    padding !== same || spans.every((span) => span === 0)
      ? {}
      : symmetric
        ? { pads: ints([...half, ...half]) }
        : { auto_pad: string('SAME_UPPER') }
  return {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    ...(dilations.some((d) => d !== 1) ? { dilations: ints(dilations) } : {}),
    ...pads,
  }
}

export function convolution(op: Operation): void {
  const [weight, x] = checked(op)
  const [, height, width, channels] = op.t.tensor(weight).shape as [number, number, number, number]
  const inputChannels = op.t.dims(x)[3]!
  if (channels < 1 || inputChannels % channels !== 0) {
    op.fail(`has weights for ${channels} channels, but its input has ${inputChannels}`)
  }
  const groups = inputChannels > 0 ? inputChannels / channels : 1
  convolve(op, {
    order: convolutionWeights,
    kernel: [height, width],
    groups,
    dilationField: 4,
    activationField: 3,
  })
}

export function depthwiseConvolution(op: Operation): void {
  const [weight, x] = checked(op)
  const [one, height, width, channels] = op.t.tensor(weight).shape as [number, number, number, number]
  const groups = op.t.dims(x)[3]!
  if (one !== 1 || groups < 1 || channels % groups !== 0) {
    op.fail(`has weights of shape [${op.t.tensor(weight).shape}] for ${groups} channels`)
  }
  convolve(op, {
    order: depthwiseWeights,
    kernel: [height, width],
    groups,
    dilationField: 5,
    activationField: 4,
  })
}

function checked(op: Operation): [weight: number, x: number] {
  const [x, weight] = [op.input(0), op.input(1)]
  op.checkRank(x, 4)
  op.checkRank(weight, 4)
  return [weight, x]
}

interface Kind {
  readonly order: readonly number[]
  readonly kernel: readonly number[]
  readonly groups: number
  /** Of the options: that of the horizontal dilation; the vertical one follows. */
  readonly dilationField: number
  readonly activationField: number
}

function convolve(op: Operation, { order, kernel, groups, dilationField, activationField }: Kind): void {
  const x = op.input(0)
  const layer = op.t.layer(op.input(1), order, op.optional(2))
  const attributes = windowAttributes(op, {
    kernel,
    strides: [op.int(2), op.int(1)],
    dilations: [op.int(dilationField + 1, 1), op.int(dilationField, 1)],
    padding: op.enum(0),
  })
  const name = op.t.emit('Conv', [op.t.input(x, imageLayout), layer.weight, layer.bias], {
    ...attributes,
    ...(groups === 1 ? {} : { group: int(groups) }),
  })
  const batched = !op.t.isConstant(x) && op.t.value(x).batched
  op.result(name, imageLayout, { activation: op.enum(activationField), batched })
}

/** A convolution backwards: its output has the size that input 0 says, as TensorFlow pads that forwards. */
export function transposedConvolution(op: Operation): void {
  const [weight, x] = [op.input(1), op.input(2)]
  op.checkRank(x, 4)
  op.checkRank(weight, 4)
  const output = op.t.dims(op.output())
  const input = op.t.dims(x)
  const kernel = op.t.tensor(weight).shape.slice(1, 3)
  const strides = [op.int(2), op.int(1)]
  if (![...kernel, ...strides].every((n) => n >= 1 && n <= 65_536)) {
    op.fail(`has a window of ${kernel} and strides ${strides}`)
  }
  if (output.length !== 4 || [1, 2].some((axis) => output[axis]! < 1 || input[axis]! < 1)) {
    op.refuse('an output whose size is known only at run time')
  }
  // What is left of the full size is cut off, the smaller half first; where the output is larger it is added behind.
  const excess = kernel.map((size, i) => (input[i + 1]! - 1) * strides[i]! + size - output[i + 1]!)
  const before = excess.map((n) => (op.enum(0) === same ? Math.floor(Math.max(n, 0) / 2) : 0))
  const after = excess.map((n, i) => Math.max(n - before[i]!, 0))
  const added = excess.map((n) => Math.max(-n, 0))
  if (added.some((n, i) => n >= strides[i]!))
    op.fail(`has an output of [${output}] for an input of [${input}]`)
  const layer = op.t.layer(weight, transposedWeights, op.optional(3))
  const name = op.t.emit('ConvTranspose', [op.t.input(x, imageLayout), layer.weight, layer.bias], {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    pads: ints([...before, ...after]),
    ...(added.some((n) => n > 0) ? { output_padding: ints(added) } : {}),
  })
  const batched = !op.t.isConstant(x) && op.t.value(x).batched
  op.result(name, imageLayout, { activation: op.enum(3), batched })
}
