import { sizeOf, stridesOf } from '../graph/shape.ts'
import { storageClasses } from './pickle-torch.ts'
import type { FileChunks } from './safetensors-write.ts'
import type { StoredDType, WeightTensor } from './state-dict.ts'
import { zipChunks } from './zip-write.ts'

const classOf = new Map(Object.entries(storageClasses).map(([name, dtype]) => [dtype, name]))

/** See pyTorchChunks. */
export function torchFileChunks(
  tensors: ReadonlyMap<string, WeightTensor>,
  metadata: Readonly<Record<string, string>> = {},
): FileChunks {
  const pickle = new PickleWriter()
  const members: { readonly name: string; readonly bytes: Uint8Array }[] = []
  pickle.start()
  pickle.orderedDict()
  pickle.mark()
  for (const [i, [name, { shape, dtype, bytes }]] of [...tensors].entries()) {
    pickle.text(name)
    pickle.tensor(String(i), dtype, shape, name)
    members.push({ name: `archive/data/${i}`, bytes: bytes() })
  }
  pickle.setItems()
  if (Object.keys(metadata).length > 0) pickle.attributes('ocelli', metadata)
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  return zipChunks([
    { name: 'archive/data.pkl', bytes: pickle.finish() },
    { name: 'archive/byteorder', bytes: text('little') },
    ...members,
    { name: 'archive/version', bytes: text('3\n') },
  ])
}

/** Protocol 2, in the opcodes that torch.save itself uses (Lib/pickle.py names them). */
class PickleWriter {
  readonly #bytes: number[] = []

  start(): void {
    this.#put(0x80, 2)
  }

  finish(): Uint8Array {
    this.#put('.')
    return Uint8Array.from(this.#bytes)
  }

  mark(): void {
    this.#put('(')
  }

  setItems(): void {
    this.#put('u')
  }

  orderedDict(): void {
    this.#global('collections', 'OrderedDict')
    this.#put(')', 'R')
  }

  text(value: string): void {
    const encoded = new TextEncoder().encode(value)
    this.#put('X')
    this.#int32(encoded.length)
    for (const byte of encoded) this.#bytes.push(byte)
  }

  attributes(name: string, values: Readonly<Record<string, string>>): void {
    this.#put('}', '(')
    this.text(name)
    this.#put('}', '(')
    for (const [key, value] of Object.entries(values)) {
      this.text(key)
      this.text(value)
    }
    this.#put('u', 'u', 'b')
  }

  /** torch._utils._rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict()) */
  tensor(key: string, dtype: StoredDType, shape: readonly number[], name: string): void {
    const storage = classOf.get(dtype)
    if (storage === undefined) {
      throw new RangeError(`${name} is ${dtype}, for which torch.save has no storage; save as safetensors`)
    }
    this.#global('torch._utils', '_rebuild_tensor_v2')
    this.#put('(', '(')
    this.text('storage')
    this.#global('torch', storage)
    this.text(key)
    this.text('cpu')
    this.#integer(sizeOf(shape))
    this.#put('t', 'Q')
    this.#integer(0)
    this.#tuple(shape)
    this.#tuple(stridesOf(shape))
    this.#put(0x89)
    this.orderedDict()
    this.#put('t', 'R')
  }

  #tuple(values: readonly number[]): void {
    this.mark()
    for (const value of values) this.#integer(value)
    this.#put('t')
  }

  /** Up to 2^31 - 1 as four bytes, above that as a long of eight. */
  #integer(value: number): void {
    if (value < 2 ** 31) {
      this.#put('J')
      this.#int32(value)
      return
    }
    this.#put(0x8a, 8)
    this.#int32(value % 2 ** 32)
    this.#int32(Math.floor(value / 2 ** 32))
  }

  #int32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push((value >>> shift) & 0xff)
  }

  #global(module: string, name: string): void {
    this.#put('c')
    for (const character of `${module}\n${name}\n`) this.#bytes.push(character.charCodeAt(0))
  }

  #put(...opcodes: readonly (string | number)[]): void {
    for (const opcode of opcodes) this.#bytes.push(typeof opcode === 'string' ? opcode.charCodeAt(0) : opcode)
  }
}
