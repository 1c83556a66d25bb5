import { sizeOf } from '../../graph/shape.ts'
import { affineGrid as affineGridOf, conv2d, fold, gridSample } from '../../nn/functional/index.ts'
import { concat, stack, type Tensor, tensor } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { pair, type Windows, windowsOf } from './windows.ts'

const sampleModes = {
  linear: 'bilinear',
  bilinear: 'bilinear',
  nearest: 'nearest',
  cubic: 'bicubic',
  bicubic: 'bicubic',
} as const

function sampled(call: Call): Tensor {
  const x = call.tensor(0)
  if (x.rank !== 4) call.refuse('sampling of volumes')
  return gridSample(x, call.tensor(1), {
    mode: sampleModes[call.text('mode', ['linear', 'bilinear', 'nearest', 'cubic', 'bicubic'], 'linear')],
    paddingMode: call.text('padding_mode', ['zeros', 'border', 'reflection'], 'zeros'),
    alignCorners: call.flag('align_corners'),
  })
}

function affineGrid(call: Call): Tensor {
  const size = call.hostInts(1, 'the size')
  if (size.length !== 4) call.refuse('grids of volumes')
  return affineGridOf(call.tensor(0), size, { alignCorners: call.flag('align_corners') })
}

function columnsToImage(call: Call): Tensor {
  const x = call.tensor(0)
  const [size, block] = [call.hostInts(1, 'the size of the image'), call.hostInts(2, 'the size of a block')]
  if (size.length !== 2) call.refuse(`images of ${size.length} dimensions`)
  const { before, after, strides, dilations } = windowsOf(call, size, block)
  const padded = pair(size.map((n, i) => n + before[i]! + after[i]!))
  const whole = fold(x, padded, pair(block), { stride: pair(strides), dilation: pair(dilations) })
  return whole.slice(null, null, ...size.map((n, i) => ({ start: before[i]!, stop: before[i]! + n })))
}

/** Where an axis is read at one tap of a kernel, before it is moved: [1, size, 1] or [1, 1, size]. */
function tapPositions(windows: Windows, axis: 0 | 1, tap: number, count: number): Tensor {
  const start = tap * windows.dilations[axis]! - windows.before[axis]!
  const values = Float32Array.from({ length: count }, (_, i) => start + i * windows.strides[axis]!)
  return tensor(values, axis === 0 ? [1, count, 1] : [1, 1, count])
}

/** Each tap of the kernel reads at positions of its own (Dai et al., 2017; with a mask Zhu et al., 2019). */
function deformableConvolution(call: Call): Tensor {
  const [x, weight, offset] = [call.tensor(0), call.tensor(1), call.tensor(2)]
  const [bias, mask] = [call.optionalTensor(3), call.optionalTensor(4)]
  if (x.rank !== 4) call.refuse(`${x.rank - 2}-D deformable convolutions`)
  const windows = windowsOf(call, x.shape.slice(2), call.ints('kernel_shape', weight.shape.slice(2)))
  const [height, width] = pair(x.shape.slice(2))
  const [outHeight, outWidth] = pair(offset.shape.slice(2))
  const parts = call.int('offset_group', 1)
  const [rows, columns] = pair(windows.kernel)
  const taps = rows * columns
  const sampledAt = (part: number, tap: number): Tensor => {
    const at = 2 * (part * taps + tap)
    const y = offset.select(1, at).add(tapPositions(windows, 0, Math.floor(tap / columns), outHeight))
    const across = offset.select(1, at + 1).add(tapPositions(windows, 1, tap % columns, outWidth))
    const inUnits = (position: Tensor, size: number): Tensor => position.mul(2 / size).add(1 / size - 1)
    const grid = stack([inUnits(across, width), inUnits(y, height)], 3)
    const size = x.shape[1]! / parts
    const values = gridSample(x.narrow(1, part * size, size), grid)
    return mask === null ? values : values.mul(mask.narrow(1, part * taps + tap, 1))
  }
  const products = Array.from({ length: taps }, (_, tap) => {
    const image = concat(
      Array.from({ length: parts }, (_, part) => sampledAt(part, tap)),
      1,
    )
    const [row, column] = [Math.floor(tap / columns), tap % columns]
    const point = weight.narrow(2, row, 1).narrow(3, column, 1)
    return conv2d(image, point, null, { groups: call.int('group', 1) })
  })
  const y = products.reduce((a, b) => a.add(b))
  return bias === null ? y : y.add(bias.reshape(1, -1, 1, 1))
}

/** The slices whose condition is true. */
function compress(call: Call): Tensor {
  const given = call.tensor(0)
  const chosen = call.host(1, 'the condition').values
  const flat = !call.hasAttribute('axis')
  const x = flat ? given.reshape(sizeOf(given.shape)) : given
  const axis = flat ? 0 : call.axis(call.int('axis'), x.rank)
  const index = Int32Array.from([...chosen.keys()].filter((at) => chosen[at] !== 0))
  return x.indexSelect(axis, tensor(index, [index.length]))
}

export const samplingOperators: Operators = {
  GridSample: operator(16, sampled, 'images of two dimensions'),
  AffineGrid: operator(20, affineGrid, 'images of two dimensions'),
  Col2Im: operator(18, columnsToImage, 'images of two dimensions'),
  DeformConv: operator(19, deformableConvolution, '2-D', [1, 3]),
  Compress: operator(9, compress, 'where the condition is a constant'),
}
