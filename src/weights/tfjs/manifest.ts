import { sizeOf } from '../../graph/shape.ts'
import { CheckpointError } from '../errors.ts'
import { type Fields, field, isFields } from '../keras/fields.ts'
import { type StoredDType, storedDTypes } from '../state-dict.ts'

/** How numbers were made small: `value = stored * scale + min`, or binary16. */
export interface Quantization {
  readonly dtype: 'U8' | 'U16' | 'F16'
  readonly scale: number
  readonly min: number
}

/** A weight of a manifest: where it is in the bytes of its group, and what they mean. */
export interface ManifestWeight {
  readonly name: string
  readonly shape: readonly number[]
  /** Once it is read. */
  readonly dtype: StoredDType
  readonly quantization: Quantization | null
  /** In the shards of its group, one after another. */
  readonly offset: number
  readonly bytes: number
}

export interface WeightGroup {
  readonly paths: readonly string[]
  readonly weights: readonly ManifestWeight[]
  /** Of all weights. */
  readonly bytes: number
}

const dtypes: Readonly<Record<string, StoredDType>> = {
  float32: 'F32',
  float16: 'F16',
  int32: 'I32',
  uint8: 'U8',
  uint16: 'U16',
  bool: 'BOOL',
}

const quantized: Readonly<Record<string, Quantization['dtype']>> = {
  uint8: 'U8',
  uint16: 'U16',
  float16: 'F16',
}

/** All are open at once. */
const maxFiles = 4096

/** The groups of a `weightsManifest`, checked. Throws a CheckpointError. */
export function parseManifest(manifest: unknown, file: string): readonly WeightGroup[] {
  const fail = (what: string): never => {
    throw new CheckpointError(file, `weightsManifest: ${what}`)
  }
  if (!Array.isArray(manifest)) return fail('it is no list of groups')
  const names = new Set<string>()
  const files = new Set<string>()
  return manifest.map((group: unknown, i) => {
    if (!isFields(group)) return fail(`group ${i + 1} is not an object`)
    const { paths, weights } = group
    if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) {
      return fail(`group ${i + 1} names no files`)
    }
    for (const path of paths) {
      if (files.has(path)) return fail(`${path} is named twice`)
      if (files.add(path).size > maxFiles) return fail(`more than ${maxFiles} files`)
    }
    if (!Array.isArray(weights)) return fail(`group ${i + 1} has no weights`)
    let offset = 0
    const parsed = weights.map((weight: unknown) => {
      if (!isFields(weight)) return fail(`a weight of group ${i + 1} is not an object`)
      const one = parseWeight(weight, offset, fail)
      if (names.has(one.name)) return fail(`two weights are named ${one.name}`)
      names.add(one.name)
      offset += one.bytes
      return one
    })
    return { paths, weights: parsed, bytes: offset }
  })
}

function parseWeight(weight: Fields, offset: number, fail: (what: string) => never): ManifestWeight {
  const { name, shape, dtype } = weight
  if (typeof name !== 'string') return fail('a weight has no name')
  const isSize = (size: unknown): boolean => Number.isSafeInteger(size) && (size as number) >= 0
  if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isSize)) {
    return fail(`${name} has the shape ${JSON.stringify(shape)}`)
  }
  const own = typeof dtype === 'string' && Object.hasOwn(dtypes, dtype) ? dtypes[dtype] : undefined
  if (own === undefined) {
    return fail(`${name} is of type ${JSON.stringify(dtype)}; known are ${Object.keys(dtypes).join(', ')}`)
  }
  const quantization = parseQuantization(weight, name, fail)
  const bytes = sizeOf(shape) * storedDTypes[quantization?.dtype ?? own].bytes
  if (!Number.isSafeInteger(offset + bytes)) return fail(`${name} of shape [${shape}] is beyond any file`)
  return { name, shape, dtype: own, quantization, offset, bytes }
}

function parseQuantization(weight: Fields, name: string, fail: (what: string) => never): Quantization | null {
  const given = field(weight, 'quantization')
  if (given === undefined) return null
  if (!isFields(given)) return fail(`${name} has a quantization that is not an object`)
  const { dtype, scale, min } = given
  const stored = typeof dtype === 'string' && Object.hasOwn(quantized, dtype) ? quantized[dtype] : undefined
  if (stored === undefined)
    return fail(`${name} is quantized to ${JSON.stringify(dtype)}, which is not known`)
  if (stored === 'F16') return { dtype: stored, scale: 1, min: 0 }
  if (typeof scale !== 'number' || typeof min !== 'number')
    return fail(`${name} is quantized without scale and min`)
  return { dtype: stored, scale, min }
}
