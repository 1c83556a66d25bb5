import type { Shape } from '../graph/shape.ts'
import { type StoredTensor, storedDTypes, type WeightTensor, weightTensorFromBytes } from './state-dict.ts'

const words: Readonly<Record<number, new (buffer: ArrayBufferLike, at: number, length: number) => Words>> = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
  8: BigUint64Array,
}

type Words = Uint8Array | Uint16Array | Uint32Array | BigUint64Array

/** What is read of a tensor, changed; its shape is known beforehand. */
export function changed(
  stored: StoredTensor,
  shape: Shape,
  change: (tensor: WeightTensor) => WeightTensor,
): StoredTensor {
  return { shape, dtype: stored.dtype, read: async () => change(await stored.read()) }
}

/** A stored tensor with its axes in another order, as numpy's transpose(axes) gives it. Values move when it is read. */
export function permuted(stored: StoredTensor, axes: readonly number[]): StoredTensor {
  const shape = axes.map((axis) => stored.shape[axis]!)
  return changed(stored, shape, (tensor) => moved(tensor, shape, axes, []))
}

/** A stored tensor with the order along some axes reversed. */
export function reversed(stored: StoredTensor, axes: readonly number[]): StoredTensor {
  const order = stored.shape.map((_, axis) => axis)
  return changed(stored, stored.shape, (tensor) => moved(tensor, tensor.shape, order, axes))
}

/** The same values in another shape of as many elements. */
export function reshaped(stored: StoredTensor, shape: Shape): StoredTensor {
  return changed(stored, shape, (tensor) => weightTensorFromBytes(shape, tensor.dtype, tensor.bytes()))
}

function moved(
  tensor: WeightTensor,
  shape: Shape,
  axes: readonly number[],
  backwards: readonly number[],
): WeightTensor {
  const width = storedDTypes[tensor.dtype].bytes
  const source = tensor.values()
  const Array_ = words[width]!
  const from = new Array_(source.buffer, source.byteOffset, source.byteLength / width)
  const to = new Array_(new ArrayBuffer(source.byteLength), 0, from.length)
  const strides = tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const steps = axes.map((axis) => (backwards.includes(axis) ? -strides[axis]! : strides[axis]!))
  const start = backwards.reduce((sum, axis) => sum + strides[axis]! * (tensor.shape[axis]! - 1), 0)
  let at = 0
  const copy = (axis: number, position: number): void => {
    const [count, step] = [shape[axis] ?? 1, steps[axis] ?? 0]
    for (let i = 0, p = position; i < count; i++, p += step) {
      if (axis >= shape.length - 1) to[at++] = from[p]!
      else copy(axis + 1, p)
    }
  }
  if (from.length > 0) copy(0, start)
  return weightTensorFromBytes(shape, tensor.dtype, new Uint8Array(to.buffer))
}
