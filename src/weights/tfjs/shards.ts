import { CheckpointError, copyAgain } from '../errors.ts'
import { float16ToFloat32 } from '../half.ts'
import { type RandomAccess, requireSibling } from '../random-access.ts'
import {
  type StoredTensor,
  storedDTypes,
  type WeightTensor,
  weightTensor,
  weightTensorFromBytes,
} from '../state-dict.ts'
import type { ManifestWeight, WeightGroup } from './manifest.ts'

/** The tensors of a group by name, in files beside the model's. Throws a CheckpointError where they are too short. */
export async function openGroup(
  source: RandomAccess,
  group: WeightGroup,
): Promise<Map<string, StoredTensor>> {
  const shards: RandomAccess[] = []
  for (const path of group.paths) {
    shards.push(await requireSibling(source, path.replace(/^(\.\/)+/, ''), 'a part of the weights'))
  }
  const total = shards.reduce((sum, { size }) => sum + size, 0)
  if (total < group.bytes) {
    throw new CheckpointError(
      source.name,
      `the weights of ${group.paths.join(', ')} take ${group.bytes} bytes, but the files have ${total}`,
      undefined,
      { advice: copyAgain },
    )
  }
  return new Map(group.weights.map((weight) => [weight.name, stored(weight, shards)]))
}

function stored(weight: ManifestWeight, shards: readonly RandomAccess[]): StoredTensor {
  const { shape, dtype, quantization, offset, bytes } = weight
  const widened = dtype === 'I32' || dtype === 'F32' ? dtype : 'F32'
  return {
    shape,
    dtype: quantization === null ? dtype : widened,
    async read() {
      const values = await readAcross(shards, offset, bytes)
      if (quantization === null) return weightTensorFromBytes(shape, dtype, values)
      return dequantized(weight, values)
    },
  }
}

/** A range of files that are one after another. */
async function readAcross(
  shards: readonly RandomAccess[],
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const out = new Uint8Array(length)
  let start = 0
  for (const shard of shards) {
    const from = Math.max(offset, start)
    const until = Math.min(offset + length, start + shard.size)
    if (until > from) out.set(await shard.read(from - start, until - from), from - offset)
    start += shard.size
  }
  return out
}

function dequantized({ shape, dtype, quantization }: ManifestWeight, bytes: Uint8Array): WeightTensor {
  const { dtype: small, scale, min } = quantization!
  const numbers = storedDTypes[small].view(bytes.buffer, bytes.byteOffset, bytes.length)
  if (small === 'F16') return weightTensor(shape, 'F32', float16ToFloat32(numbers as Uint16Array))
  const wide = Float64Array.from(numbers as Uint8Array, (value) => value * scale + min)
  if (dtype === 'I32') return weightTensor(shape, 'I32', Int32Array.from(wide, Math.round))
  return weightTensor(shape, 'F32', Float32Array.from(wide))
}
