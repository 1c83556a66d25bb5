import { formatShape } from '../../graph/shape.ts'
import { conv2d, convTranspose2d, pad } from '../../nn/functional/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { autoPadOf, lifted, pair, sidesOf, type Windows, windowsOf } from './windows.ts'

const notes = '1-D and 2-D; 3-D is not supported'

/** A convolution over the last one or two axes. */
export function convolve(call: Call, x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const axes = spaceOf(call, x, weight)
  const windows = windowsOf(call, x.shape.slice(2), call.ints('kernel_shape', weight.shape.slice(2)))
  const groups = call.int('group', 1)
  if (axes === 1) return conv(x.unsqueeze(2), weight.unsqueeze(2), bias, lifted(windows), groups).squeeze(2)
  return conv(x, weight, bias, windows, groups)
}

function conv(x: Tensor, weight: Tensor, bias: Tensor | null, windows: Windows, groups: number): Tensor {
  const sides = sidesOf(windows)
  const crop = sides.some((n) => n < 0)
  // Negative padding crops, which the convolution itself does not do.
  const source = crop ? pad(x, [sides[2], sides[3], sides[0], sides[1]]) : x
  return conv2d(source, weight, bias, {
    stride: pair(windows.strides),
    dilation: pair(windows.dilations),
    padding: crop ? 0 : sides,
    groups,
  })
}

function spaceOf(call: Call, x: Tensor, weight: Tensor): 1 | 2 {
  const axes = x.rank - 2
  if (axes === 3) call.refuse('3-D convolutions')
  if ((axes !== 1 && axes !== 2) || weight.rank !== x.rank) {
    call.fail(`an input ${formatShape(x.shape)} and a weight ${formatShape(weight.shape)} do not fit`)
  }
  return axes as 1 | 2
}

/** What of the full output of a transposed convolution is cut off, or added if negative. */
function transposedPads(call: Call, windows: Windows, space: readonly number[]): readonly [number, number][] {
  const extra = call.ints(
    'output_padding',
    space.map(() => 0),
  )
  const auto = autoPadOf(call)
  const wanted = call.hasAttribute('output_shape')
    ? call.ints('output_shape').slice(-space.length)
    : undefined
  return space.map((size, i) => {
    const [stride, added] = [windows.strides[i]!, extra[i] ?? 0]
    const extent = windows.dilations[i]! * (windows.kernel[i]! - 1) + 1
    if (wanted === undefined && (auto === 'NOTSET' || auto === 'VALID')) {
      return [windows.before[i]!, windows.after[i]! - added]
    }
    const total = stride * (size - 1) + added + extent - (wanted?.[i] ?? size * stride)
    const less = Math.floor(total / 2)
    const before = auto === 'SAME_UPPER' ? less : total - less
    return [before, total - before - added]
  })
}

function transposed(call: Call): Tensor {
  const [x, weight, bias] = [call.tensor(0), call.tensor(1), call.optionalTensor(2)]
  const axes = spaceOf(call, x, weight)
  const space = x.shape.slice(2)
  // SAME means something else here: the pads follow from the output.
  const windows = windowsOf(call, space, call.ints('kernel_shape', weight.shape.slice(2)))
  const cut = transposedPads(call, windows, space)
  const { strides, dilations } = axes === 1 ? lifted(windows) : windows
  const symmetric = cut.every(([before, after]) => before === after && before >= 0)
  const padding = symmetric ? cut.map(([before]) => before) : [0, 0]
  const options = {
    stride: pair(strides),
    dilation: pair(dilations),
    padding: pair(symmetric && axes === 1 ? [0, ...padding] : padding),
    groups: call.int('group', 1),
  }
  const full =
    axes === 1
      ? convTranspose2d(x.unsqueeze(2), weight.unsqueeze(2), null, options).squeeze(2)
      : convTranspose2d(x, weight, null, options)
  const y = symmetric
    ? full
    : pad(
        full,
        cut.toReversed().flatMap(([before, after]) => [-before, -after]),
      )
  return bias === null ? y : y.add(bias.reshape(y.shape.map((_, i) => (i === 1 ? -1 : 1))))
}

export const convolutionOperators: Operators = {
  Conv: operator(
    1,
    (call) => convolve(call, call.tensor(0), call.tensor(1), call.optionalTensor(2)),
    notes,
    [1, 2],
  ),
  ConvTranspose: operator(1, transposed, notes, [1, 2]),
}
