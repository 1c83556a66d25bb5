import { CheckpointError } from '../errors.ts'
import { readMessage } from '../protobuf.ts'
import { type FieldRange, messageRanges, readRange } from '../protobuf-ranges.ts'
import type { RandomAccess } from '../random-access.ts'
import { type StoredTensor, weightTensor, weightTensorFromBytes } from '../state-dict.ts'

/** The fields of `BlobProto`; the last two are of NVIDIA's branch, which stores 16-bit floats so. */
const fields = { num: 1, width: 4, data: 5, shape: 7, doubles: 8, rawType: 10, raw: 12 } as const

/** Element types of NVIDIA's branch by number. */
const rawTypes = ['F64', 'F32', 'F16'] as const

const maximalRank = 32

/** One blob of a layer as a tensor that is read on demand; `where` names it in messages. */
export async function openBlob(
  source: RandomAccess,
  { offset, length }: FieldRange,
  where: string,
): Promise<StoredTensor> {
  const fail = (what: string): never => {
    throw new CheckpointError(source.name, `${where} ${what}`, offset)
  }
  const old: number[] = []
  let shape: number[] | undefined
  let rawType: number = 1
  const data: FieldRange[] = []
  let single = 0
  for await (const field of messageRanges(source, offset, offset + length)) {
    const { number } = field
    if (number >= fields.num && number <= fields.width)
      old[number - 1] = (await integers(source, field))[0] ?? 0
    else if (number === fields.shape) shape = await dimensions(source, field, fail)
    else if (number === fields.rawType) rawType = (await integers(source, field))[0] ?? 1
    else if (number === fields.data || number === fields.doubles || number === fields.raw) {
      if (field.wire === 'bytes') data.push(field)
      else single++
      if (data.length > 2 ** 16) fail('is in too many pieces')
    }
  }
  const [first] = data
  const dtype =
    first === undefined || first.number === fields.data
      ? 'F32'
      : first.number === fields.doubles
        ? 'F64'
        : (rawTypes[rawType] ?? fail(`holds elements of type ${rawType}, which is not supported`))
  const size = { F64: 8, F32: 4, F16: 2 }[dtype]
  const count = data.reduce((sum, range) => sum + range.length / size, single)
  const extents = shape ?? (old.length > 0 ? Array.from({ length: 4 }, (_, i) => old[i] ?? 0) : [count])
  const wanted = extents.reduce((product, extent) => product * extent, 1)
  if (extents.some((extent) => !(Number.isInteger(extent) && extent >= 0)) || wanted !== count) {
    fail(`has the shape [${extents.join(', ')}], but ${count} numbers`)
  }
  if (first !== undefined && data.length === 1 && single === 0) {
    return {
      shape: extents,
      dtype,
      read: async () => weightTensorFromBytes(extents, dtype, await source.read(first.offset, first.length)),
    }
  }
  // Numbers one by one or in pieces, as no writer in use stores them, but the encoding allows.
  if (dtype !== 'F32' || data.some(({ number }) => number !== fields.data)) fail('is stored in pieces')
  return { shape: extents, dtype: 'F32', read: () => readPieces(source, offset, length, extents) }
}

async function readPieces(source: RandomAccess, offset: number, length: number, shape: readonly number[]) {
  const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1))
  let at = 0
  for (const field of readMessage(await source.read(offset, length), source.name, offset)) {
    if (field.number !== fields.data) continue
    const numbers = field.floats()
    values.set(numbers, at)
    at += numbers.length
  }
  return weightTensor(shape, 'F32', values)
}

async function dimensions(
  source: RandomAccess,
  field: FieldRange,
  fail: (what: string) => never,
): Promise<number[]> {
  if (field.length > 11 * maximalRank) fail('has too many dimensions')
  const out: number[] = []
  for (const inner of readMessage(await source.read(field.offset, field.length), source.name, field.offset)) {
    if (inner.number === 1) out.push(...inner.ints())
  }
  return out.length <= maximalRank ? out : fail('has too many dimensions')
}

async function integers(source: RandomAccess, field: FieldRange): Promise<number[]> {
  if (field.length > 10) {
    throw new CheckpointError(source.name, `field ${field.number} of a blob is no number`, field.offset)
  }
  const bytes = await readRange(source, field)
  return [...readMessage(bytes, source.name, field.start)].flatMap((only) => only.ints())
}
