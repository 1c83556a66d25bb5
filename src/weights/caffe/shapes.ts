import { float, int, ints, string } from '../../onnx/model.ts'
import type { Blob, Extent } from '../layers/graph.ts'
import {
  concat,
  elementwise,
  flatten,
  itemSize,
  open,
  power,
  reshape,
  shuffleChannels,
  slice,
  softmax,
  split,
  transpose,
} from '../layers/operators.ts'
import { type CaffeLayer, each, type Translate } from './kind.ts'

/**
 * The sizes of a reshape in ONNX's terms. A batch stays free where the file keeps it: by a 0, by the number of images that it
 * is written for, or by a -1 that comes out as that.
 */
function reshapeBlob(layer: CaffeLayer, x: Blob): Blob {
  const settings = layer.settings('reshape_param')
  const rank = x.shape.length
  const from = settings.int('axis', 0)
  const start = from < 0 ? rank + 1 + from : from
  const count = settings.int('num_axes', -1)
  const end = count < 0 ? rank : start + count
  if (!(start >= 0 && start <= end && end <= rank))
    layer.fail(`reshapes the axes from ${start} to ${end} of ${rank}`)
  const wanted = settings.message('shape').ints('dim')
  const kept = (at: number): number => (at < rank ? 0 : layer.fail(`keeps dimension ${at} of ${rank}`))
  const sizes = [
    ...x.shape.slice(0, start).map(() => 0),
    ...wanted.map((size, i) => (size === 0 ? kept(start + i) : size)),
    ...x.shape.slice(end).map((extent, i) => {
      if (extent !== null) return extent
      return end + i === start + wanted.length + i
        ? 0
        : layer.fail('moves a size that the file does not give')
    }),
  ]
  if (sizes.some((size) => size < -1) || sizes.filter((size) => size === -1).length > 1 || sizes.length > 8) {
    layer.fail(`reshapes to [${sizes.join(', ')}]`)
  }
  const total = itemSize(x.shape)
  const { batch } = layer.surroundings
  if (start === 0 && sizes[0] !== 0 && x.shape[0] === null) {
    const rest = sizes.slice(1).map((size, i) => (size === 0 ? (x.shape[i + 1] ?? null) : size))
    const product = rest.reduce<Extent>(
      (all, size) => (all === null || size === null || size < 0 ? null : all * size),
      1,
    )
    if (sizes[0] === batch || (sizes[0] === -1 && product !== null && product === total)) sizes[0] = 0
  }
  const shape: Extent[] = sizes.map((size, i) => (size === 0 ? x.shape[i]! : size === -1 ? null : size))
  const open = sizes.indexOf(-1)
  if (sizes[0] === 0 && total !== null) {
    const known = shape.slice(1).reduce<number>((product, extent) => product * (extent ?? 1), 1)
    if (open > 0) shape[open] = total / known
    if (open > 0 ? !Number.isInteger(shape[open]) : known !== total) {
      layer.fail(`reshapes ${total} numbers to [${sizes.slice(1).join(', ')}]`)
    }
  }
  return reshape(layer, x, sizes, shape)
}

function flattenBlob(layer: CaffeLayer, x: Blob): Blob {
  const settings = layer.settings('flatten_param')
  const start = layer.axis(settings.int('axis', 1))
  const end = layer.axis(settings.int('end_axis', -1))
  if (end < start) return layer.fail(`flattens from axis ${start} to ${end}`)
  if (start === 1 && end === x.shape.length - 1) return x.shape.length === 2 ? x : flatten(layer, x)
  const after = x.shape.slice(end + 1)
  if (after.includes(null)) layer.fail('keeps sizes that the file does not give')
  const before = x.shape.slice(0, start)
  const size = itemSize([null, ...x.shape.slice(start, end + 1)])
  return reshape(
    layer,
    x,
    [...before.map(() => 0), -1, ...after.map((extent) => extent ?? 0)],
    [...before, size, ...after],
  )
}

function permute(layer: CaffeLayer, x: Blob): Blob {
  const given = layer.settings('permute_param').ints('order')
  const order = [...given, ...[...x.shape.keys()].filter((axis) => !given.includes(axis))]
  return transpose(layer, x, order)
}

function slices(layer: CaffeLayer): readonly Blob[] {
  const settings = layer.settings('slice_param')
  const x = layer.input()
  const axis = layer.axis(settings.has('slice_dim') ? settings.int('slice_dim', 1) : settings.int('axis', 1))
  const points = settings.ints('slice_point')
  const count = layer.outputs
  if (count === 1) return [x]
  if (points.length === 0) return split(layer, axis, Array<Extent>(count).fill(null))
  if (points.length !== count - 1) layer.fail(`is cut at ${points.length} points into ${count} parts`)
  return points.concat(open).map((end, i) => slice(layer, x, [[axis, points[i - 1] ?? 0, end]]))
}

function crop(layer: CaffeLayer): readonly Blob[] {
  const settings = layer.settings('crop_param')
  const [x, reference] = [layer.input(), layer.input(1)]
  const axis = layer.axis(settings.int('axis', 2))
  const offsets = settings.ints('offset')
  const count = x.shape.length - axis
  if (reference.shape.length !== x.shape.length) layer.fail('is cut to a blob of other dimensions')
  if (offsets.length > 1 && offsets.length !== count)
    layer.fail(`has ${offsets.length} offsets for ${count} axes`)
  const ranges = Array.from({ length: count }, (_, i) => {
    const start = offsets[i] ?? offsets[0] ?? 0
    const extent = reference.shape[axis + i]!
    if (extent === null) return layer.fail('is cut to a size that the file does not give')
    return [axis + i, start, start + extent] as const
  })
  return [slice(layer, x, ranges)]
}

/** The place of the largest value: over everything but the batch as [n, 1, 1], or along an axis that becomes 1. */
function argMax(layer: CaffeLayer, x: Blob): Blob {
  const settings = layer.settings('argmax_param')
  if (settings.int('top_k', 1) !== 1 || settings.flag('out_max_val', false)) {
    layer.fail('gives more than the place of the largest value, which is not supported')
  }
  const along = settings.has('axis')
  const flat = along ? x : reshape(layer, x, [0, 1, -1], [x.shape[0]!, 1, itemSize(x.shape)])
  const axis = along ? layer.axis(settings.int('axis', 1)) : 2
  const shape = flat.shape.with(axis, 1)
  const found = layer.add('ArgMax', [flat], shape, { axis: int(axis), keepdims: int(1) })
  return layer.add('Cast', [found], shape, { to: int(1) })
}

const reductions = { 1: 'SUM', 2: 'ASUM', 3: 'SUMSQ', 4: 'MEAN' } as const

function reduction(layer: CaffeLayer, x: Blob): Blob {
  const settings = layer.settings('reduction_param')
  const axis = layer.axis(settings.int('axis', 0))
  if (axis === 0) return layer.fail('reduces a whole batch to one number, which is not supported')
  const axes = [...x.shape.keys()].slice(axis)
  const shape = x.shape.slice(0, axis)
  const kind = settings.choice('operation', reductions, 'SUM')
  const keepdims = int(0)
  const op = { SUM: 'ReduceSum', ASUM: 'ReduceL1', SUMSQ: 'ReduceSumSquare', MEAN: 'ReduceMean' }[kind]
  const reduced =
    kind === 'SUM'
      ? layer.add(op, [x, layer.list(axes)], shape, { keepdims })
      : layer.add(op, [x], shape, { axes: ints(axes), keepdims })
  return power(layer, reduced, 1, settings.number('coeff', 1), 0)
}

function tile(layer: CaffeLayer, x: Blob): Blob {
  const settings = layer.settings('tile_param')
  const axis = layer.axis(settings.int('axis', 1))
  const tiles = settings.int('tiles', 1)
  if (!(tiles >= 1 && tiles < 2 ** 20)) layer.fail(`repeats ${tiles} times`)
  const whole = x.shape[axis]!
  const repeats = x.shape.map((_, i) => (i === axis ? tiles : 1))
  return layer.add(
    'Tile',
    [x, layer.list(repeats)],
    x.shape.with(axis, whole === null ? null : whole * tiles),
  )
}

/** Images of another size, corner to corner, as the layer of that name does in DeepLab's and PSPNet's branches. */
function interpolate(layer: CaffeLayer, x: Blob): Blob {
  const settings = layer.settings('interp_param')
  if (settings.int('pad_beg', 0) !== 0 || settings.int('pad_end', 0) !== 0) {
    layer.fail('pads while it resizes, which is not supported')
  }
  const [shrink, zoom] = [settings.int('shrink_factor', 1), settings.int('zoom_factor', 1)]
  if (shrink < 1 || zoom < 1 || zoom > 2 ** 10) layer.fail(`resizes by ${zoom} / ${shrink}`)
  const fixed = [settings.int('height', 0), settings.int('width', 0)]
  const factors: number[] = []
  const shape = fixed.map((given, i) => {
    const extent = x.shape[2 + i]!
    if (extent === null) return layer.fail('resizes images whose size the file does not give')
    const smaller = Math.floor((extent - 1) / shrink) + 1
    const size = given > 0 ? given : smaller + (smaller - 1) * (zoom - 1)
    if (size >= 2 ** 20) layer.fail(`resizes to ${size}`)
    factors.push(size / extent)
    return size
  })
  const scales = layer.graph.constant([4], Float32Array.of(1, 1, ...factors))
  return layer.add('Resize', [x, '', scales], [x.shape[0]!, x.shape[1]!, ...shape], {
    mode: string('linear'),
    coordinate_transformation_mode: string('align_corners'),
  })
}

function upsample(layer: CaffeLayer): Blob[] {
  if (layer.inputs.length > 1) layer.fail('puts values to places of a pooling, which is not supported')
  const x = layer.images()
  const factor = layer.settings('upsample_param').int('scale', 2)
  if (!(factor >= 1 && factor < 2 ** 10)) layer.fail(`resizes by ${factor}`)
  const scaled = (at: number): Extent => (x.shape[at] === null ? null : x.shape[at]! * factor)
  const scales = layer.graph.constant([4], Float32Array.of(1, 1, factor, factor))
  const out = layer.add('Resize', [x, '', scales], [x.shape[0]!, x.shape[1]!, scaled(2), scaled(3)], {
    mode: string('nearest'),
    coordinate_transformation_mode: string('asymmetric'),
    nearest_mode: string('floor'),
    cubic_coeff_a: float(-0.75),
  })
  return [out]
}

/** Layers that move or join numbers, and reductions. */
export const shapeLayers: Readonly<Record<string, Translate>> = {
  ArgMax: each(argMax),
  Concat: (layer) => {
    const settings = layer.settings('concat_param')
    return [
      concat(layer, settings.has('concat_dim') ? settings.int('concat_dim', 1) : settings.int('axis', 1)),
    ]
  },
  Crop: crop,
  Flatten: each(flattenBlob),
  Interp: (layer) => [interpolate(layer, layer.images())],
  Parameter: (layer) => [
    elementwise(layer, 'Identity', { name: layer.weight('data'), shape: layer.weightShape('data') }),
  ],
  Permute: each(permute),
  Reduction: each(reduction),
  Reshape: each(reshapeBlob),
  ShuffleChannel: each((layer, x) =>
    shuffleChannels(layer, x, layer.settings('shuffle_channel_param').int('group', 1)),
  ),
  Slice: slices,
  Softmax: each((layer, x) => softmax(layer, x, layer.settings('softmax_param').int('axis', 1))),
  Tile: each(tile),
  Upsample: upsample,
}
