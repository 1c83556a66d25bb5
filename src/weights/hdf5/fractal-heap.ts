import { damaged, type Hdf5Source, type Reader, readerAt, unsupported } from './reader.ts'

/** A doubling table of blocks: two rows of the starting size, then each row of twice the size of the one before. */
interface HeapHeader {
  readonly root: number
  /** 0 where the root is a direct block. */
  readonly rows: number
  readonly width: number
  readonly startBytes: number
  readonly maxDirectBytes: number
  /** Bytes of an offset and of a length in an identifier, and of an offset in a block. */
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** Opens a fractal heap: a function that gives the object with the identifier that the reader stands at. */
export async function openFractalHeap(
  source: Hdf5Source,
  address: number,
): Promise<(identifier: Reader) => Promise<Reader>> {
  const header = await readHeader(source, address)
  const blocks = new Map<number, Promise<Reader>>()
  return async (identifier) => {
    const kind = identifier.unsigned(1)
    if ((kind & 0x30) !== 0) throw unsupported(source, 'a link or an attribute that takes a block of its own')
    const offset = littleEndian(identifier, header.offsetBytes)
    const length = littleEndian(identifier, header.lengthBytes)
    const block = await findBlock(source, header, offset)
    const known = blocks.get(block.address)
    const reading = known ?? readerAt(source, block.address, block.bytes, 'heap block')
    blocks.set(block.address, reading)
    const reader = await reading
    reader.position = 0
    reader.skip(offset - block.offset)
    return reader.part(length, 'heap object')
  }
}

function littleEndian(reader: Reader, bytes: number): number {
  return reader.take(bytes).reduceRight((value, byte) => value * 256 + byte, 0)
}

async function readHeader(source: Hdf5Source, address: number): Promise<HeapHeader> {
  const { addressBytes: a, lengthBytes: l } = source
  const reader = await readerAt(source, address, 22 + 12 * l + 3 * a, 'fractal heap')
  reader.expect('FRHP')
  reader.skip(3)
  const filterBytes = reader.unsigned(2)
  if (filterBytes > 0) throw unsupported(source, 'a heap that is packed')
  reader.skip(1)
  const maxObjectBytes = reader.unsigned(4)
  // Huge objects, free space, statistics.
  reader.skip(l + a + l + a + 8 * l)
  const width = reader.unsigned(2)
  const startBytes = reader.length()
  const maxDirectBytes = reader.length()
  const maxHeapBits = reader.unsigned(2)
  reader.skip(2)
  const root = reader.address() ?? reader.fail('the heap is empty')
  const rows = reader.unsigned(2)
  if (width === 0 || startBytes === 0 || maxDirectBytes < startBytes || maxHeapBits > 48 || rows > 64) {
    reader.fail('no such heap can be')
  }
  const offsetBytes = Math.ceil(maxHeapBits / 8)
  const most = Math.min(maxDirectBytes, maxObjectBytes)
  const lengthBytes = Math.ceil((Math.floor(Math.log2(Math.max(1, most))) + 1) / 8)
  return { root, rows, width, startBytes, maxDirectBytes, offsetBytes, lengthBytes }
}

interface DirectBlock {
  readonly address: number
  readonly bytes: number
  /** Where in the heap it begins. */
  readonly offset: number
}

/** The block that holds a position of the heap. */
async function findBlock(source: Hdf5Source, header: HeapHeader, offset: number): Promise<DirectBlock> {
  const { width, startBytes, maxDirectBytes } = header
  let { root: address, rows } = header
  if (rows === 0) return { address, bytes: startBytes, offset: 0 }
  const rowBytes = (row: number): number => startBytes * 2 ** Math.max(0, row - 1)
  let base = 0
  for (let depth = 0; depth < 64; depth++) {
    let row = 0
    let start = base
    while (row < rows && offset >= start + width * rowBytes(row)) start += width * rowBytes(row++)
    if (row === rows) break
    const column = Math.floor((offset - start) / rowBytes(row))
    const headBytes = 5 + source.addressBytes + header.offsetBytes
    const at = address + headBytes + (row * width + column) * source.addressBytes
    const head = await readerAt(source, address, 4, 'heap block')
    head.expect('FHIB')
    const child = (await readerAt(source, at, source.addressBytes, 'heap block')).address()
    if (child === null) break
    const blockOffset = start + column * rowBytes(row)
    if (rowBytes(row) <= maxDirectBytes) return { address: child, bytes: rowBytes(row), offset: blockOffset }
    address = child
    base = blockOffset
    rows = Math.log2(rowBytes(row) / (startBytes * width)) + 1
  }
  throw damaged(source, 'an object is not in its heap', address)
}
