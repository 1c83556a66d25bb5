import { openFractalHeap } from './fractal-heap.ts'
import { damaged, type Hdf5Source, type Reader, readerAt, unsupported } from './reader.ts'

/** Where the links of a group or the attributes of an object are if they are too many for the object header. */
export interface DenseStorage {
  readonly heap: number
  readonly tree: number
}

/** Types of version 2 B-trees: where in their records the identifiers of heap objects begin. */
const identifierOffsets: Readonly<Record<number, number>> = { 5: 4, 6: 8, 8: 0, 9: 0 }

/** Reads link info or attribute info; null where all is in the object header. */
export function denseStorage(reader: Reader, orderBytes: number): DenseStorage | null {
  reader.skip(1)
  if (reader.unsigned(1) & 1) reader.skip(orderBytes)
  const heap = reader.address()
  const tree = reader.address()
  return heap === null || tree === null ? null : { heap, tree }
}

/** The messages in a dense storage, in the order of its B-tree. */
export async function readDense(source: Hdf5Source, storage: DenseStorage | null): Promise<Reader[]> {
  if (storage === null) return []
  const heap = await openFractalHeap(source, storage.heap)
  const objects: Reader[] = []
  for (const identifier of await treeRecords(source, storage.tree)) objects.push(await heap(identifier))
  return objects
}

/** The levels of a tree have different room for pointers, and so for records. */
interface Level {
  readonly records: number
  /** Bytes of the number of records in a child. */
  readonly countBytes: number
  /** Bytes of the number of records below a child; none at the lowest level but one. */
  readonly totalBytes: number
}

/** Signature, version, type and checksum of a node. */
const nodeOverhead = 10
const maxTreeDepth = 16

/** The records of a version 2 B-tree, each from where its heap identifier begins. */
async function treeRecords(source: Hdf5Source, address: number): Promise<Reader[]> {
  const headBytes = 4 + 12 + source.addressBytes + 2 + source.lengthBytes
  const head = await readerAt(source, address, headBytes, 'B-tree')
  head.expect('BTHD')
  head.skip(1)
  const type = head.unsigned(1)
  const nodeBytes = head.unsigned(4)
  const recordBytes = head.unsigned(2)
  const depth = head.unsigned(2)
  head.skip(2)
  const root = head.address()
  const rootCount = head.unsigned(2)
  if (root === null) return []
  const skip = identifierOffsets[type]
  if (skip === undefined) throw unsupported(source, `a B-tree of type ${type}`)
  if (depth > maxTreeDepth || recordBytes <= skip) head.fail('no such B-tree can be')
  const levels = levelsOf(nodeBytes, recordBytes, depth, source.addressBytes)
  const records: Reader[] = []
  const seen = new Set<number>()
  const visit = async (node: number, count: number, level: number): Promise<void> => {
    if (seen.has(node)) throw damaged(source, 'a B-tree leads to the same place twice', node)
    seen.add(node)
    const reader = await readerAt(source, node, nodeBytes, 'B-tree')
    reader.expect(level === 0 ? 'BTLF' : 'BTIN')
    reader.skip(2)
    for (let i = 0; i < count; i++) {
      reader.skip(skip)
      records.push(reader.part(recordBytes - skip, 'B-tree'))
    }
    if (level === 0) return
    const { countBytes, totalBytes } = levels[level]!
    for (let i = 0; i <= count; i++) {
      const child = reader.address() ?? reader.fail('a node leads nowhere')
      const childCount = reader.unsigned(countBytes)
      reader.skip(totalBytes)
      await visit(child, childCount, level - 1)
    }
  }
  await visit(root, rootCount, depth)
  return records
}

function levelsOf(nodeBytes: number, recordBytes: number, depth: number, addressBytes: number): Level[] {
  const bytesFor = (most: number): number => Math.max(1, Math.ceil(Math.log2(most + 1) / 8))
  const records = Math.floor((nodeBytes - nodeOverhead) / recordBytes)
  const levels: Level[] = [{ records, countBytes: 0, totalBytes: 0 }]
  let total = records
  for (let level = 1; level <= depth; level++) {
    const countBytes = bytesFor(levels[level - 1]!.records)
    const totalBytes = level === 1 ? 0 : bytesFor(total)
    const pointer = addressBytes + countBytes + totalBytes
    const most = Math.floor((nodeBytes - nodeOverhead - pointer) / (recordBytes + pointer))
    total = (most + 1) * total + most
    levels.push({ records: most, countBytes, totalBytes })
  }
  return levels
}
