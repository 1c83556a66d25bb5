import type { Blob, Extent } from '../layers/graph.ts'
import { concat, flatten, itemSize, reshape, softmax, split, transpose } from '../layers/operators.ts'
import { each, type Kind, missing, type NcnnLayer, positive } from './kind.ts'

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
  ExpandDims: each(expand),
  Flatten: each((layer, x) => (x.shape.length === 2 ? x : flatten(layer, x))),
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
  Permute: each(permute),
  Reshape: each(reshapeBlob),
  Slice: { translate: sliceBlob },
  Softmax: each((layer, x) => softmax(layer, x, layer.blobAxis(layer.params.int(0, 0)))),
  Squeeze: each(squeeze),
}
