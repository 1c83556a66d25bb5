import { int, ints } from '../../onnx/model.ts'
import type { Blob, Extent, Layer } from './graph.ts'

export interface Pooling {
  readonly method: 'max' | 'average'
  /** Height, width. */
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  /** Top, left. */
  readonly begin: readonly [number, number]
  /** Bottom, right. */
  readonly end: readonly [number, number]
  /** Whether windows that begin within the image and its padding, but end outside, count; they do in Caffe and ncnn. */
  readonly partial: boolean
  /** Whether no window may begin in the padding at the end, as in Caffe. */
  readonly clipped: boolean
  /**
   * What an average is divided by: the elements of the image within the window, the whole window, or what of it lies in
   * the image and its padding, as in Caffe.
   */
  readonly divisor: 'image' | 'window' | 'padded'
}

/** One axis of the pooling of an image of known size. */
interface Axis {
  readonly count: number
  /** Padding at the end that holds every window, which can be more than was asked for. */
  readonly end: number
  /** For each window, by how much an average over all of it is too small; empty where none is. */
  readonly factors: readonly number[]
}

const largest = 2 ** 24

/** Max or average pooling of images, with the sizes of the result to the last row where the file gives those of the input. */
export function pool(layer: Layer, x: Blob, pooling: Pooling): Blob {
  const { kernel, stride, begin, end, method, partial, divisor } = pooling
  for (const n of [...kernel, ...stride])
    if (!(n >= 1 && n < 2 ** 20)) layer.fail(`has windows or steps of ${n}`)
  for (const n of [...begin, ...end]) if (!(n >= 0 && n < 2 ** 20)) layer.fail(`pads by ${n}`)
  const op = method === 'max' ? 'MaxPool' : 'AveragePool'
  const windows = { kernel_shape: ints(kernel), strides: ints(stride) }
  const [height, width] = [x.shape[2]!, x.shape[3]!]
  if (height === null || width === null) {
    return layer.add(op, [x], [x.shape[0]!, x.shape[1]!, null, null], {
      ...windows,
      pads: ints([...begin, ...end]),
      ceil_mode: int(partial ? 1 : 0),
      ...(method === 'average' ? { count_include_pad: int(divisor === 'image' ? 0 : 1) } : {}),
    })
  }
  const rows = axisOf(layer, pooling, 0, height)
  const columns = axisOf(layer, pooling, 1, width)
  const shape: Extent[] = [x.shape[0]!, x.shape[1]!, rows.count, columns.count]
  const ends = [rows.end, columns.end]
  const counted = divisor === 'image' ? 0 : 1
  let padded = x
  let pads = [...begin, ...ends]
  // Operators of ONNX want padding below the window's size.
  if (pads.some((pad, i) => pad >= kernel[i % 2]!)) {
    if (method === 'average' && counted === 0)
      layer.fail('averages over windows that lie outside of the image')
    const value = layer.scalar(method === 'max' ? -3.4028234663852886e38 : 0)
    const extents = [x.shape[0]!, x.shape[1]!, height + pads[0]! + pads[2]!, width + pads[1]! + pads[3]!]
    const all = [0, 0, ...begin, 0, 0, ...ends]
    padded = layer.add('Pad', [x, layer.list(all), value], extents)
    pads = [0, 0, 0, 0]
  }
  const out = layer.add(op, [padded], shape, {
    ...windows,
    pads: ints(pads),
    ...(method === 'average' ? { count_include_pad: int(counted) } : {}),
  })
  if (method === 'max' || (rows.factors.length === 0 && columns.factors.length === 0)) return out
  return layer.add('Mul', [out, factorsOf(layer, rows, columns)], shape)
}

function axisOf(layer: Layer, pooling: Pooling, at: 0 | 1, size: number): Axis {
  const [kernel, stride, begin, end] = [
    pooling.kernel[at],
    pooling.stride[at],
    pooling.begin[at],
    pooling.end[at],
  ]
  const steps = (size + begin + end - kernel) / stride
  let count = (pooling.partial ? Math.ceil(steps) : Math.floor(steps)) + 1
  const padded = [...pooling.begin, ...pooling.end].some((pad) => pad > 0)
  if (pooling.clipped && padded && (count - 1) * stride >= size + begin) count--
  if (count < 1) layer.fail(`has windows of ${kernel}, but an image of ${size} with its padding is smaller`)
  if (count > largest) layer.fail(`makes ${count} rows or columns`)
  const needed = Math.max(0, (count - 1) * stride + kernel - size - begin)
  const factors: number[] = []
  if (pooling.method === 'average' && pooling.divisor === 'padded' && needed > end) {
    for (let i = 0; i < count; i++) {
      const from = i * stride - begin
      factors.push(kernel / (Math.min(from + kernel, size + end) - from))
    }
  }
  return { count, end: needed, factors }
}

/** What averages are to be multiplied by: [1, 1, h, w]. */
function factorsOf(layer: Layer, rows: Axis, columns: Axis): string {
  if (rows.count * columns.count > largest)
    layer.fail('makes more averages than can be corrected at its edges')
  const values = new Float32Array(rows.count * columns.count)
  for (let i = 0; i < rows.count; i++) {
    for (let j = 0; j < columns.count; j++) {
      values[i * columns.count + j] = (rows.factors[i] ?? 1) * (columns.factors[j] ?? 1)
    }
  }
  return layer.graph.constant([1, 1, rows.count, columns.count], values)
}
