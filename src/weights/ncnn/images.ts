import { float, int, string } from '../../onnx/model.ts'
import type { Blob, Extent } from '../layers/graph.ts'
import { open, shuffleChannels, slice } from '../layers/operators.ts'
import { each, type Kind, missing, type NcnnLayer } from './kind.ts'

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
  if (mode === 'nearest' && shape.every((extent) => extent !== null))
    return [nearest(layer, x, shape, sized, scales)]
  const factors = shape.map((extent, i) => {
    const from = x.shape[2 + i]!
    return from === null || extent === null ? (sized ? Number.NaN : scales[i]!) : extent / from
  })
  if (sized && factors.some(Number.isNaN)) {
    const head = layer.add('Shape', [x], [2], { start: int(0), end: int(2) })
    const size = layer.add('Concat', [head, layer.list(fixed)], [4], { axis: int(0) })
    return [layer.add('Resize', [x, '', '', size], result, attributes)]
  }
  const operand = layer.graph.constant([4], Float32Array.of(1, 1, ...factors))
  return [layer.add('Resize', [x, '', operand], result, attributes)]
}

/** Rows and columns as ncnn takes them in 32-bit floats; by whole factors that is what Resize does. */
function nearest(
  layer: NcnnLayer,
  x: Blob,
  sizes: readonly number[],
  sized: boolean,
  scales: readonly number[],
): Blob {
  let y = x
  for (const [i, size] of sizes.entries()) {
    const whole = x.shape[2 + i]!
    if (whole === null || size < 1) return layer.fail(`resizes to ${size} rows or columns`)
    const step = Math.fround(sized ? whole / size : 1 / scales[i]!)
    const taken = Array.from({ length: size }, (_, at) =>
      Math.min(Math.trunc(Math.fround(at * step)), whole - 1),
    )
    if (taken.every((from, at) => from === at) && size === whole) continue
    y = layer.add('Gather', [y, layer.list(taken)], y.shape.with(2 + i, size), { axis: int(2 + i) })
  }
  return y
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

/** Layers that cut, widen, resize or rearrange images. */
export const imageKinds: Readonly<Record<string, Kind>> = {
  Crop: { translate: crop },
  Interp: { translate: interpolate },
  Padding: each(pad),
  PixelShuffle: { translate: pixelShuffle },
  Reorg: { translate: reorganize },
  ShuffleChannel: each((layer, x) => {
    const groups = layer.params.int(0, 1)
    const reverse = layer.params.int(1, 0) !== 0
    return shuffleChannels(layer, x, reverse ? (x.shape[1] ?? Number.NaN) / groups : groups)
  }),
}
