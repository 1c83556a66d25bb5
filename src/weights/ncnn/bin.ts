import { CheckpointError, copyAgain } from '../errors.ts'
import type { RandomAccess } from '../random-access.ts'
import {
  type StoredTensor,
  toFloat32,
  type WeightTensor,
  weightTensor,
  weightTensorFromBytes,
} from '../state-dict.ts'
import type { LayerLine } from './param.ts'

/** One array of a layer, in the order in which the .bin file has them. */
export interface WeightPart {
  /** After the layer's name and a dot; '' for what is no weight of its own, such as the scales of 8-bit weights. */
  readonly name: string
  readonly shape: readonly number[]
  /** Whether the array begins with a tag that says how its elements are stored; otherwise they are 32-bit floats. */
  readonly tagged?: boolean
  /** Deconvolutions store [out, in] of each group, where ONNX and PyTorch have [in, out]. */
  readonly swapped?: { readonly groups: number }
  /** Which part holds what 8-bit elements were multiplied by: one number, or one for each outermost slice. */
  readonly scales?: number
}

/** What tags say of the elements that follow. */
const tags = { float32: 0, float16: 0x01306b47, int8: 0x000d4b38, scaledFloat32: 0x0002c056 } as const

/** The weights of all layers as a state dict, in the order of the file. Of the arrays themselves nothing is read but their tags. */
export async function readWeights(
  source: RandomAccess,
  layers: readonly LayerLine[],
  partsOf: (layer: LayerLine) => readonly WeightPart[],
): Promise<Map<string, StoredTensor>> {
  const weights = new Map<string, StoredTensor>()
  let offset = 0
  for (const layer of layers) {
    const arrays: StoredTensor[] = []
    const parts = partsOf(layer)
    for (const part of parts) {
      const where = `the ${part.name || 'scales'} of layer ${layer.name} (${layer.type})`
      const { array, until } = await readArray(source, offset, part, where)
      arrays.push(array)
      offset = until
    }
    for (const [i, part] of parts.entries()) {
      if (part.name === '') continue
      const name = `${layer.name}.${part.name}`
      if (weights.has(name)) throw new CheckpointError(source.name, `two layers are named ${layer.name}`)
      weights.set(
        name,
        finished(arrays[i]!, part, part.scales === undefined ? undefined : arrays[part.scales]),
      )
    }
  }
  if (offset !== source.size) {
    throw new CheckpointError(
      source.name,
      `holds ${source.size} bytes, but the layers of the .param file take ${offset}: the two do not belong together`,
      offset,
    )
  }
  return weights
}

async function readArray(
  source: RandomAccess,
  offset: number,
  { shape, tagged = false }: WeightPart,
  where: string,
): Promise<{ array: StoredTensor; until: number }> {
  const count = shape.reduce((product, extent) => product * extent, 1)
  const check = (at: number, bytes: number): void => {
    if (bytes <= source.size - at) return
    throw new CheckpointError(
      source.name,
      `${where} take ${bytes} bytes, but ${source.size - at} are left: the file is cut off, or belongs to another .param file`,
      at,
      { advice: copyAgain },
    )
  }
  const plain = (at: number, dtype: 'F32' | 'F16' | 'I8', bytes: number): StoredTensor => ({
    shape,
    dtype,
    read: async () => weightTensorFromBytes(shape, dtype, await source.read(at, bytes)),
  })
  if (!tagged) {
    check(offset, 4 * count)
    return { array: plain(offset, 'F32', 4 * count), until: offset + 4 * count }
  }
  check(offset, 4)
  const head = await source.read(offset, 4)
  const tag = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true)
  const at = offset + 4
  const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4
  if (tag === tags.float32 || tag === tags.scaledFloat32) {
    check(at, 4 * count)
    return { array: plain(at, 'F32', 4 * count), until: at + 4 * count }
  }
  if (tag === tags.float16) {
    check(at, padded(2 * count))
    return { array: plain(at, 'F16', 2 * count), until: at + padded(2 * count) }
  }
  if (tag === tags.int8) {
    check(at, padded(count))
    return { array: plain(at, 'I8', count), until: at + padded(count) }
  }
  // Any other tag, whose bytes do not sum to zero, announces a table of 256 values and an index into it for each element.
  check(at, 1024 + padded(count))
  return {
    array: { shape, dtype: 'F32', read: () => readTable(source, at, shape, count) },
    until: at + 1024 + padded(count),
  }
}

async function readTable(
  source: RandomAccess,
  offset: number,
  shape: readonly number[],
  count: number,
): Promise<WeightTensor> {
  const bytes = await source.read(offset, 1024 + count)
  const table = new DataView(bytes.buffer, bytes.byteOffset, 1024)
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) values[i] = table.getFloat32(4 * bytes[1024 + i]!, true)
  return weightTensor(shape, 'F32', values)
}

/** An array in the layout and with the values that a state dict has. */
function finished(
  array: StoredTensor,
  { swapped, shape }: WeightPart,
  scales: StoredTensor | undefined,
): StoredTensor {
  const numbers: StoredTensor =
    array.dtype === 'I8' && scales !== undefined
      ? { shape, dtype: 'F32', read: async () => dequantized(await array.read(), await scales.read()) }
      : array
  if (swapped === undefined) return numbers
  const [out, perGroup, height, width] = shape as [number, number, number, number]
  const turned = [perGroup * swapped.groups, out / swapped.groups, height, width]
  return {
    shape: turned,
    dtype: numbers.dtype,
    read: async () => swapChannels(await numbers.read(), turned, swapped.groups),
  }
}

function dequantized(weight: WeightTensor, scales: WeightTensor): WeightTensor {
  const numbers = toFloat32(weight)
  const factors = toFloat32(scales)
  const each = numbers.length / factors.length
  for (let i = 0; i < numbers.length; i++) {
    const factor = factors[Math.floor(i / each)]!
    numbers[i] = factor === 0 ? 0 : numbers[i]! / factor
  }
  return weightTensor(weight.shape, 'F32', numbers)
}

/** [groups, out, in, h, w] as [groups, in, out, h, w]. */
function swapChannels(weight: WeightTensor, shape: readonly number[], groups: number): WeightTensor {
  const [inputs, out, height, width] = shape as [number, number, number, number]
  const perGroup = inputs / groups
  const kernel = (height * width * weight.bytes().length) / (inputs * out * height * width)
  const from = weight.bytes()
  const to = new Uint8Array(from.length)
  for (let g = 0; g < groups; g++) {
    for (let i = 0; i < perGroup; i++) {
      for (let o = 0; o < out; o++) {
        const source = ((g * out + o) * perGroup + i) * kernel
        to.set(from.subarray(source, source + kernel), ((g * perGroup + i) * out + o) * kernel)
      }
    }
  }
  return weightTensorFromBytes(shape, weight.dtype, to)
}
