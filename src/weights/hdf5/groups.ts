import { denseStorage, readDense } from './dense.ts'
import { type Message, messageReader, messageTypes } from './object-header.ts'
import { damaged, type Hdf5Source, type Reader, readerAt } from './reader.ts'

/** What a group holds: the addresses of object headers by name, in the order of the file. Other links are left out. */
export type Links = ReadonlyMap<string, number>

const maxNameBytes = 4096

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Whether the messages are those of a group. */
export function isGroup(messages: readonly Message[]): boolean {
  return messages.some(({ type }) => type === messageTypes.symbolTable || type === messageTypes.linkInfo)
}

/** The links of the group with these messages. */
export async function readLinks(source: Hdf5Source, messages: readonly Message[]): Promise<Links> {
  const links = new Map<string, number>()
  for (const message of messages) {
    if (message.type === messageTypes.symbolTable) await readSymbolTable(source, message, links)
    else if (message.type === messageTypes.link) readLink(messageReader(source, message, 'link'), links)
    else if (message.type === messageTypes.linkInfo) {
      const storage = denseStorage(messageReader(source, message, 'link info'), 8)
      for (const link of await readDense(source, storage)) readLink(link, links)
    }
  }
  return links
}

function readLink(reader: Reader, links: Map<string, number>): void {
  const version = reader.unsigned(1)
  if (version !== 1) reader.fail(`version ${version} of links is not known`)
  const flags = reader.unsigned(1)
  const type = flags & 8 ? reader.unsigned(1) : 0
  if (flags & 4) reader.skip(8)
  if (flags & 16) reader.skip(1)
  const name = text(reader.take(reader.unsigned(1 << (flags & 3))))
  if (type !== 0) return
  const address = reader.address()
  if (address !== null) links.set(name, address)
}

async function readSymbolTable(
  source: Hdf5Source,
  message: Message,
  links: Map<string, number>,
): Promise<void> {
  const reader = messageReader(source, message, 'symbol table')
  const tree = reader.address()
  const heap = reader.address()
  if (tree === null || heap === null) return
  const names = await readLocalHeap(source, heap)
  for (const { address } of await treeLeaves(source, tree, 0, source.lengthBytes)) {
    await readSymbols(source, address, names, links)
  }
}

async function readLocalHeap(source: Hdf5Source, address: number): Promise<Uint8Array> {
  const reader = await readerAt(source, address, 8 + 2 * source.lengthBytes + source.addressBytes, 'heap')
  reader.expect('HEAP')
  reader.skip(4)
  const size = reader.length()
  reader.length()
  const data = reader.address()
  if (data === null) return new Uint8Array(0)
  return (await readerAt(source, data, size, 'the names of a group')).bytes
}

async function readSymbols(
  source: Hdf5Source,
  address: number,
  names: Uint8Array,
  links: Map<string, number>,
): Promise<void> {
  const start = await readerAt(source, address, 8, 'symbol table node')
  start.expect('SNOD')
  start.skip(2)
  const count = start.unsigned(2)
  const entryBytes = 2 * source.addressBytes + 24
  const reader = await readerAt(source, address + 8, count * entryBytes, 'symbol table node')
  for (let i = 0; i < count; i++) {
    const at = reader.unsigned(source.addressBytes)
    const header = reader.address()
    const cache = reader.unsigned(4)
    reader.skip(20)
    const length = names.subarray(at, at + maxNameBytes).indexOf(0)
    if (length < 0) reader.fail('a name lies outside of the names of its group')
    // 2 is a symbolic link.
    if (cache !== 2 && header !== null) links.set(text(names.subarray(at, at + length)), header)
  }
}

/** What the lowest nodes of a version 1 B-tree lead to, in order, each with the bytes of the key before it. */
export async function treeLeaves(
  source: Hdf5Source,
  root: number,
  type: number,
  keyBytes: number,
): Promise<{ readonly key: Reader; readonly address: number }[]> {
  const leaves: { key: Reader; address: number }[] = []
  const seen = new Set<number>()
  const once = (address: number): void => {
    if (seen.has(address)) throw damaged(source, 'a B-tree leads to the same place twice', address)
    seen.add(address)
  }
  const visit = async (node: number, level: number | null): Promise<void> => {
    once(node)
    const headBytes = 8 + 2 * source.addressBytes
    const head = await readerAt(source, node, headBytes, 'B-tree')
    head.expect('TREE')
    const [foundType, foundLevel, count] = [head.unsigned(1), head.unsigned(1), head.unsigned(2)]
    if (foundType !== type || (level !== null && foundLevel !== level)) {
      throw damaged(source, 'a node of a B-tree is of another kind than its parent says', node)
    }
    const length = count * (keyBytes + source.addressBytes)
    const body = await readerAt(source, node + headBytes, length, 'B-tree')
    for (let i = 0; i < count; i++) {
      const key = body.part(keyBytes, 'B-tree')
      const address = body.address()
      if (address === null) body.fail('a node leads nowhere')
      else if (foundLevel === 0) {
        once(address)
        leaves.push({ key, address })
      } else await visit(address, foundLevel - 1)
    }
  }
  await visit(root, null)
  return leaves
}
