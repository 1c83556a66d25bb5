import { damaged, type Hdf5Source, Reader, readerAt } from './reader.ts'

/** The messages of an object header that Ocelli reads, by their numbers in the format. */
export const messageTypes = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const

/** One message of an object header. */
export interface Message {
  readonly type: number
  /** Whether the body is only a reference to what it says. */
  readonly shared: boolean
  readonly bytes: Uint8Array
  /** In the file. */
  readonly offset: number
}

interface Block {
  readonly offset: number
  readonly length: number
}

/** More messages or blocks than any writer makes are a sign of damage. */
const maxMessages = 100_000
const maxBlocks = 10_000

/** All messages of an object, in order, those of continuation blocks included. */
export async function readMessages(source: Hdf5Source, address: number): Promise<Message[]> {
  const start = await readerAt(source, address, Math.min(64, source.access.size - address), 'object header')
  const second = start.bytes[0] === 0x4f
  return second ? readSecond(source, address, start) : readFirst(source, address, start)
}

async function readFirst(source: Hdf5Source, address: number, start: Reader): Promise<Message[]> {
  if (start.unsigned(1) !== 1) start.fail('no object header begins here')
  start.skip(1)
  const count = start.unsigned(2)
  start.skip(4)
  const first = { offset: address + 16, length: start.unsigned(4) }
  return readBlocks(source, first, count, (reader) => {
    const type = reader.unsigned(2)
    const length = reader.unsigned(2)
    const flags = reader.unsigned(1)
    reader.skip(3)
    return { type, length, flags }
  })
}

async function readSecond(source: Hdf5Source, address: number, start: Reader): Promise<Message[]> {
  start.expect('OHDR')
  const version = start.unsigned(1)
  if (version !== 2) start.fail(`version ${version} of object headers is not known`)
  const flags = start.unsigned(1)
  if (flags & 0x20) start.skip(16)
  if (flags & 0x10) start.skip(4)
  const length = start.unsigned(1 << (flags & 3))
  const first = { offset: address + start.position, length }
  return readBlocks(
    source,
    first,
    maxMessages,
    (reader) => {
      const type = reader.unsigned(1)
      const size = reader.unsigned(2)
      const messageFlags = reader.unsigned(1)
      if (flags & 4) reader.skip(2)
      return { type, length: size, flags: messageFlags }
    },
    true,
  )
}

type ReadPrefix = (reader: Reader) => { type: number; length: number; flags: number }

async function readBlocks(
  source: Hdf5Source,
  first: Block,
  count: number,
  prefix: ReadPrefix,
  second = false,
): Promise<Message[]> {
  const messages: Message[] = []
  const blocks = [first]
  const seen = new Set<number>()
  for (const block of blocks) {
    if (seen.has(block.offset) || blocks.length > maxBlocks) {
      throw damaged(source, 'the blocks of an object header lead back to one another', block.offset)
    }
    seen.add(block.offset)
    const reader = await readerAt(source, block.offset, block.length, 'object header')
    const continued = second && block !== first
    if (continued) reader.expect('OCHK')
    // The last bytes of a continuation block are its checksum; what is too short for a message is a gap.
    const tail = continued ? 4 : 0
    const smallest = second ? 4 : 8
    while (reader.left - tail >= smallest && messages.length < count) {
      const { type, length, flags } = prefix(reader)
      const offset = block.offset + reader.position
      const bytes = reader.take(length)
      messages.push({ type, shared: (flags & 2) !== 0, bytes, offset })
      if (messages.length > maxMessages) throw damaged(source, 'an object has too many messages', offset)
      if (type === messageTypes.continuation) blocks.push(continuation(source, bytes, offset))
    }
  }
  return messages
}

function continuation(source: Hdf5Source, bytes: Uint8Array, offset: number): Block {
  const reader = messageReader(source, { bytes, offset }, 'continuation of an object header')
  const address = reader.address()
  if (address === null) return reader.fail('it leads nowhere')
  return { offset: address, length: reader.length() }
}

/** A reader over a message's body. */
export function messageReader(
  source: Hdf5Source,
  message: Pick<Message, 'bytes' | 'offset'>,
  what: string,
): Reader {
  return new Reader(source, message.bytes, message.offset, what)
}
