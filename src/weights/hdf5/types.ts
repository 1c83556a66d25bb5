import type { StoredDType } from '../state-dict.ts'
import { type Message, messageReader } from './object-header.ts'
import { type Hdf5Source, type Reader, unsupported } from './reader.ts'

/** The type of a dataset's or an attribute's elements. */
export type ElementType =
  | {
      readonly kind: 'number'
      readonly bytes: number
      readonly dtype: StoredDType
      readonly bigEndian: boolean
    }
  | { readonly kind: 'text'; readonly bytes: number }
  /** Strings of any length, in a heap of the file. */
  | { readonly kind: 'heap-text'; readonly bytes: number }
  | { readonly kind: 'other'; readonly bytes: number; readonly name: string }

const classNames = [
  'integers',
  'floating-point numbers',
  'times',
  'text',
  'bit fields',
  'opaque bytes',
  'compound values',
  'references',
  'an enumeration',
  'lists of various lengths',
  'arrays',
]

/** The element type that a datatype message gives. */
export function readDatatype(source: Hdf5Source, message: Message): ElementType {
  if (message.shared) throw unsupported(source, 'the file names its types (committed datatypes)')
  return parseDatatype(messageReader(source, message, 'datatype'))
}

/** See readDatatype; the reader stands at the type. */
export function parseDatatype(reader: Reader, depth = 0): ElementType {
  const classAndVersion = reader.unsigned(1)
  const bits = reader.unsigned(1)
  reader.skip(2)
  const bytes = reader.unsigned(4)
  const kind = classAndVersion & 15
  if (bytes === 0) return reader.fail('elements of 0 bytes')
  const other: ElementType = { kind: 'other', bytes, name: classNames[kind] ?? `type ${kind}` }
  if (kind === 0) return integer(reader, bytes, bits) ?? other
  if (kind === 1) return float(reader, bytes, bits) ?? other
  if (kind === 3) return { kind: 'text', bytes }
  // h5py writes booleans as an enumeration over bytes.
  if (kind === 8 && depth === 0) {
    const base = parseDatatype(reader, 1)
    return base.kind === 'number' && base.bytes === bytes
      ? { ...base, dtype: bytes === 1 ? 'BOOL' : base.dtype }
      : other
  }
  if (kind === 9 && (bits & 15) === 1) return { kind: 'heap-text', bytes }
  return other
}

function integer(reader: Reader, bytes: number, bits: number): ElementType | undefined {
  const whole = reader.unsigned(2) === 0 && reader.unsigned(2) === bytes * 8
  if (!whole || ![1, 2, 4, 8].includes(bytes)) return undefined
  const dtype = `${bits & 8 ? 'I' : 'U'}${bytes * 8}` as StoredDType
  return { kind: 'number', bytes, dtype, bigEndian: (bits & 1) === 1 }
}

/** The exponents of the element types: IEEE 754 and bfloat16. */
const floats: readonly [bytes: number, exponentBits: number, dtype: StoredDType][] = [
  [2, 5, 'F16'],
  [2, 8, 'BF16'],
  [4, 8, 'F32'],
  [8, 11, 'F64'],
]

function float(reader: Reader, bytes: number, bits: number): ElementType | undefined {
  const whole = reader.unsigned(2) === 0 && reader.unsigned(2) === bytes * 8
  const exponentAt = reader.unsigned(1)
  const exponentBits = reader.unsigned(1)
  const mantissaAt = reader.unsigned(1)
  const mantissaBits = reader.unsigned(1)
  const bias = reader.unsigned(4)
  const plain =
    whole &&
    mantissaAt === 0 &&
    exponentAt === mantissaBits &&
    mantissaBits + exponentBits + 1 === bytes * 8 &&
    bias === 2 ** (exponentBits - 1) - 1 &&
    (bits & 0x40) === 0
  const found = floats.find(([size, exponent]) => size === bytes && exponent === exponentBits)
  if (!plain || found === undefined) return undefined
  return { kind: 'number', bytes, dtype: found[2], bigEndian: (bits & 1) === 1 }
}

/** The sizes of a dataspace; [] is a scalar, null a dataspace without elements. */
export function parseDataspace(reader: Reader): readonly number[] | null {
  const version = reader.unsigned(1)
  const rank = reader.unsigned(1)
  const flags = reader.unsigned(1)
  if (version !== 1 && version !== 2) return reader.fail(`version ${version} of dataspaces is not known`)
  if (rank > 32) return reader.fail(`${rank} dimensions; HDF5 has at most 32`)
  if (version === 1) reader.skip(5)
  else if (reader.unsigned(1) === 2) return null
  const shape = Array.from({ length: rank }, () => reader.length())
  if (flags & 1) for (let i = 0; i < rank; i++) reader.address()
  return shape
}
