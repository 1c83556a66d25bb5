import { float, int, string } from '../../onnx/model.ts'
import type { Blob, Extent } from '../layers/graph.ts'
import {
  concat,
  flatten,
  itemSize,
  open,
  reshape,
  shuffleChannels,
  slice,
  softmax,
  split,
  transpose,
} from '../layers/operators.ts'
import { each, type Kind, type NcnnLayer, positive } from './kind.ts'

/** What stands for a missing number, or the end, in many parameters. */
const missing = -233

function reshapeBlob(layer: NcnnLayer, x: Blob): Blob {
  const { params } = layer
  if (params.has(6)) layer.fail('computes its shape from other blobs, which is not supported')
  if (params.int(3, 0) !== 0 || params.has(12) || params.has(13)) {
    layer.fail('moves dimensions while it reshapes, which is not supported')
  }
  // Width comes first in the parameters and last in memory; a 0 keeps the input's own width, height, depth or channels.
  const [w, h, d, c] = [0, 1, 11, 2].map((id) => params.int(id, missing)) as [number, number, number, number]
  const wanted = c === missing ? (h === missing ? [w] : [h, w]) : d === missing ? [c, h, w] : [c, d, h, w]
  if (wanted.includes(missing)) layer.fail('gives no shape')
  const own = x.shape.slice(1)
  const ownOf: readonly (Extent | undefined)[] =
    wanted.length === 1
      ? [own.at(-1)]
      : [
          ...(wanted.length > 2 ? [own.length > 2 ? own[0] : 1] : []),
          ...(wanted.length > 3 ? [own.length > 3 ? own[1] : 1] : []),
          own.length > 1 ? own.at(-2) : 1,
          own.at(-1),
        ]
  const total = itemSize(x.shape)
  const sizes = wanted.map((size, i) => {
    if (size !== 0) return size
    const kept = ownOf[i] ?? null
    // ONNX keeps a size only at its own place.
    return kept ?? (own.length === wanted.length ? 0 : layer.fail('keeps a size that the file does not give'))
  })
  if (sizes.some((size) => size < -1) || sizes.filter((size) => size === -1).length > 1) {
    layer.fail(`reshapes to [${sizes.join(', ')}]`)
  }
  const known = sizes.reduce((product, size) => (size > 0 ? product * size : product), 1)
  const shape: Extent[] = sizes.map((size, i) => {
    if (size > 0) return size
    if (size === 0) return own[i]!
    return total === null || sizes.includes(0) ? null : total / known
  })
  const result = itemSize([null, ...shape])
  if (
    total !== null &&
    result !== null &&
    (result !== total || shape.some((size) => !Number.isInteger(size)))
  ) {
    layer.fail(`reshapes ${total} numbers to [${sizes.join(', ')}]`)
  }
  return reshape(layer, x, [0, ...sizes], [x.shape[0]!, ...shape])
}

/** Permute by number: where each of [c, h, w] of the result comes from. */
const orders3: readonly (readonly number[])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
]

function permute(layer: NcnnLayer, x: Blob): Blob {
  const kind = layer.params.int(0, 0)
  if (kind === 0) return x
  const rank = x.shape.length - 1
  const order = rank === 3 ? orders3[kind] : rank === 2 && kind === 1 ? [1, 0] : undefined
  if (order === undefined)
    return layer.fail(`permutes ${rank} dimensions in the order ${kind}, which is not supported`)
  return transpose(layer, x, [0, ...order.map((at) => at + 1)])
}

function sliceBlob(layer: NcnnLayer): Blob[] {
  const { params, outputs } = layer
  const x = layer.input()
  const axis = layer.blobAxis(params.int(1, 0))
  const whole = x.shape[axis]!
  const sizes: Extent[] = []
  let done = 0
  const indices = params.list(2)
  const given = params.list(0)
  if ((indices.length > 0 ? indices.length : given.length) < outputs - (indices.length > 0 ? 1 : 0)) {
    layer.fail(`gives too few sizes for its ${outputs} parts`)
  }
  if (whole === null && (indices.length > 0 || given.some((size) => size !== missing))) {
    layer.fail('cuts a blob whose size the file does not say')
  }
  for (let i = 0; i < outputs; i++) {
    let size: Extent
    if (whole === null) size = null
    else if (indices.length > 0) {
      const end = i === outputs - 1 ? whole : indices[i]!
      size = (end < 0 ? end + whole : end) - done
    } else {
      size = given[i] === missing ? Math.floor((whole - done) / (outputs - i)) : given[i]!
    }
    sizes.push(size)
    done += size ?? 0
  }
  return split(layer, axis, sizes)
}

function crop(layer: NcnnLayer): Blob[] {
  const { params } = layer
  const x = layer.input()
  if ([19, 20, 21].some((id) => params.has(id))) layer.fail('computes its range, which is not supported')
  const [starts, ends, axes] = [9, 10, 11].map((id) => params.list(id)) as [number[], number[], number[]]
  if (starts.length > 0 && ends.length > 0) {
    const along = axes.length > 0 ? axes : starts.map((_, i) => i)
    if (starts.length !== along.length || ends.length !== along.length)
      layer.fail('gives ranges without axes')
    return [
      slice(
        layer,
        x,
        along.map((axis, i) => [
          layer.blobAxis(axis),
          starts[i] === missing ? 0 : starts[i]!,
          ends[i] === missing || ends[i] === 0 ? open : ends[i]!,
        ]),
      ),
    ]
  }
  const reference = layer.inputs[1]
  // Channels, depth, height, width: their offsets, sizes, and offsets from the end.
  const all = [
    [2, 5, 8],
    [13, 14, 15],
    [1, 4, 7],
    [0, 3, 6],
  ] as const
  const rank = x.shape.length - 1
  const used = rank === 4 ? all : rank === 3 ? [all[0], all[2], all[3]] : all.slice(4 - rank)
  const ranges = used.map(([from, size, back], i) => {
    const start = params.int(from, 0)
    const axis = i + 1
    if (reference !== undefined) {
      if (reference.shape.length !== x.shape.length) layer.fail('is cut to a blob of other dimensions')
      const extent = reference.shape[axis]!
      return [
        axis,
        start,
        extent === null ? layer.fail('is cut to a size that the file does not give') : start + extent,
      ] as const
    }
    const extent = params.int(size, missing)
    const end = params.int(back, 0)
    return [axis, start, extent > 0 ? start + extent : end > 0 ? -end : open] as const
  })
  return [slice(layer, x, ranges)]
}

function interpolate(layer: NcnnLayer): Blob[] {
  const { params } = layer
  if (params.has(9)) layer.fail('computes its size, which is not supported')
  const x = layer.images()
  const kind = params.int(0, 0)
  const mode =
    ['', 'nearest', 'linear', 'cubic'][kind] ||
    layer.fail(`resizes in the way ${kind}, which is not supported`)
  const aligned = params.int(6, 0) !== 0
  const attributes = {
    mode: string(mode),
    coordinate_transformation_mode: string(
      mode === 'nearest' ? 'asymmetric' : aligned ? 'align_corners' : 'half_pixel',
    ),
    nearest_mode: string('floor'),
    cubic_coeff_a: float(-0.75),
  }
  const reference = layer.inputs[1]
  if (reference !== undefined) {
    const part = (of: Blob, start: number, end: number): Blob =>
      layer.add('Shape', [of], [end - start], { start: int(start), end: int(end) })
    const size = layer.add('Concat', [part(x, 0, 2), part(reference, 2, 4)], [4], { axis: int(0) })
    const shape = [x.shape[0]!, x.shape[1]!, ...reference.shape.slice(2)]
    return [layer.add('Resize', [x, '', '', size], shape, attributes)]
  }
  const fixed = [params.int(3, 0), params.int(4, 0)]
  const scales = [params.number(1, 1), params.number(2, 1)]
  if (!scales.every((scale) => scale > 0 && scale < 2 ** 16)) layer.fail(`scales by ${scales.join(' x ')}`)
  const sized = fixed.every((extent) => extent > 0 && extent < 2 ** 20)
  const shape = [0, 1].map((i) => {
    const extent = x.shape[2 + i]!
    return sized ? fixed[i]! : extent === null ? null : Math.floor(extent * scales[i]!)
  })
  const result = [x.shape[0]!, x.shape[1]!, ...shape]
  const factors = fixed.map((extent, i) => (sized ? extent / (x.shape[2 + i] ?? Number.NaN) : scales[i]!))
  if (sized && factors.some(Number.isNaN)) {
    const head = layer.add('Shape', [x], [2], { start: int(0), end: int(2) })
    const size = layer.add('Concat', [head, layer.list(fixed)], [4], { axis: int(0) })
    return [layer.add('Resize', [x, '', '', size], result, attributes)]
  }
  const operand = layer.graph.constant([4], Float32Array.of(1, 1, ...factors))
  return [layer.add('Resize', [x, '', operand], result, attributes)]
}

function pad(layer: NcnnLayer, x: Blob): Blob {
  const { params } = layer
  if (params.int(6, 0) !== 0) layer.fail('pads each channel with its own value, which is not supported')
  const kind = params.int(4, 0)
  const mode =
    ['constant', 'edge', 'reflect'][kind] ?? layer.fail(`pads in the way ${kind}, which is not supported`)
  const [top, bottom, left, right, front, behind] = [0, 1, 2, 3, 7, 8].map((id) => params.int(id, 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const rank = x.shape.length
  const sides = [
    ...(rank > 3 ? [[front, behind], ...Array<number[]>(rank - 4).fill([0, 0])] : []),
    ...(rank > 2 ? [[top, bottom]] : []),
    [left, right],
  ] as [number, number][]
  if (sides.flat().some((by) => by < 0 || by >= 2 ** 20))
    layer.fail('pads by less than nothing, or without end')
  const shape = [
    x.shape[0]!,
    ...sides.map(([a, b], i) => (x.shape[i + 1] === null ? null : x.shape[i + 1]! + a + b)),
  ]
  const amounts = layer.list([0, ...sides.map(([before]) => before), 0, ...sides.map(([, after]) => after)])
  const operands = [x, amounts, ...(kind === 0 ? [layer.scalar(params.number(5, 0))] : [])]
  return layer.add('Pad', operands, shape, { mode: string(mode) })
}

/** Axes of parameter 3, or of the flags for width, height, depth and channels that came before it. */
function squeezedAxes(layer: NcnnLayer, x: Blob): number[] {
  const { params } = layer
  const axes = params.list(3)
  if (axes.length > 0) return axes.map((axis) => layer.blobAxis(axis))
  const rank = x.shape.length
  const flags = (
    [
      [2, 1],
      [11, rank === 5 ? 2 : 0],
      [1, rank > 2 ? rank - 2 : 0],
      [0, rank - 1],
    ] as const
  ).flatMap(([id, axis]) => (params.int(id, 0) !== 0 && axis > 0 && (id !== 2 || rank > 3) ? [axis] : []))
  return flags
}

function squeeze(layer: NcnnLayer, x: Blob): Blob {
  // Only what is 1 can go; the batch always stays, and so does one dimension beside it.
  const axes = squeezedAxes(layer, x).filter((axis) => x.shape[axis] === 1 || x.shape[axis] === null)
  if (axes.length === 0) return x
  const shape = x.shape.filter((_, i) => !axes.includes(i))
  if (shape.length === 1) return flatten(layer, x)
  return layer.add('Squeeze', [x, layer.list(axes)], shape)
}

function expand(layer: NcnnLayer, x: Blob): Blob {
  const axes = layer.params.list(3)
  if (axes.length === 0) return layer.fail('names no axes')
  const rank = x.shape.length + axes.length
  const at = axes.map((axis) => layer.blobAxis(axis, rank)).sort((a, b) => a - b)
  let shape = x.shape
  for (const axis of at) shape = shape.toSpliced(axis, 0, 1)
  return layer.add('Unsqueeze', [x, layer.list(at)], shape)
}

function blockSize(layer: NcnnLayer): number {
  const size = layer.params.int(0, 1)
  return size >= 1 && size < 2 ** 12 ? size : layer.fail(`has blocks of ${size}`)
}

function pixelShuffle(layer: NcnnLayer): Blob[] {
  const x = layer.images()
  const size = blockSize(layer)
  const scaled = (at: number, by: number): Extent => (x.shape[at] === null ? null : x.shape[at]! * by)
  const channels = scaled(1, 1 / size ** 2)
  if (channels !== null && !Number.isInteger(channels))
    layer.fail(`makes blocks of ${size} of ${x.shape[1]} channels`)
  const shape = [x.shape[0]!, channels, scaled(2, size), scaled(3, size)]
  const mode = layer.params.int(1, 0) === 0 ? 'CRD' : 'DCR'
  return [layer.add('DepthToSpace', [x], shape, { blocksize: int(size), mode: string(mode) })]
}

function reorganize(layer: NcnnLayer): Blob[] {
  const x = layer.images()
  const size = blockSize(layer)
  const cut = (at: number): Extent => {
    const extent = x.shape[at]!
    if (extent !== null && extent % size !== 0)
      layer.fail(`takes blocks of ${size} of ${extent} rows or columns`)
    return extent === null ? null : extent / size
  }
  const shape = [x.shape[0]!, x.shape[1] === null ? null : x.shape[1]! * size ** 2, cut(2), cut(3)]
  const deep = layer.add('SpaceToDepth', [x], shape, { blocksize: int(size) })
  return [layer.params.int(1, 0) === 0 ? shuffleChannels(layer, deep, size ** 2) : deep]
}

function matMul(layer: NcnnLayer): Blob[] {
  const [a, b] = [layer.input(), layer.input(1)]
  const rank = b.shape.length
  if (rank < 3 || a.shape.length !== rank) layer.fail('multiplies blobs that are no matrices of one rank')
  const order = [...b.shape.keys()]
  const right =
    layer.params.int(0, 0) === 0 ? b : transpose(layer, b, [...order.slice(0, -2), rank - 1, rank - 2])
  return [layer.add('MatMul', [a, right], a.shape.with(-1, right.shape.at(-1)!))]
}

export const shapeKinds: Readonly<Record<string, Kind>> = {
  Concat: { translate: (layer) => [concat(layer, layer.blobAxis(layer.params.int(0, 0)))] },
  Crop: { translate: crop },
  ExpandDims: each(expand),
  Flatten: each((layer, x) => (x.shape.length === 2 ? x : flatten(layer, x))),
  Interp: { translate: interpolate },
  MatMul: { translate: matMul },
  MemoryData: {
    parts: ({ params }, fail) => {
      const [w, h, d, c] = [0, 1, 11, 2].map((id) => params.int(id, 0)) as [number, number, number, number]
      const shape = [c, d, h, w].filter((extent) => extent !== 0)
      for (const extent of shape) positive(extent, 'a size', fail)
      const kind = params.int(21, 1)
      return [{ name: 'data', shape: [1, ...(shape.length === 0 ? [1] : shape)], tagged: kind === 0 }]
    },
    translate: (layer) => [layer.add('Identity', [layer.weight('data')], layer.weightShape('data'))],
  },
  Padding: each(pad),
  Permute: each(permute),
  PixelShuffle: { translate: pixelShuffle },
  Reorg: { translate: reorganize },
  Reshape: each(reshapeBlob),
  ShuffleChannel: each((layer, x) => {
    const groups = layer.params.int(0, 1)
    const reverse = layer.params.int(1, 0) !== 0
    return shuffleChannels(layer, x, reverse ? (x.shape[1] ?? Number.NaN) / groups : groups)
  }),
  Slice: { translate: sliceBlob },
  Softmax: each((layer, x) => softmax(layer, x, layer.blobAxis(layer.params.int(0, 0)))),
  Squeeze: each(squeeze),
}
