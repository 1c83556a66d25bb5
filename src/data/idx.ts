import { type Image, makeImage } from '../transforms/image.ts'
import type { Transform } from '../transforms/transform.ts'
import { checkIndex, type Dataset, type Sample } from './dataset.ts'
import { DataError } from './errors.ts'

/** What an IDX file holds: bytes in row-major order. */
export interface IdxArray {
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

/**
 * Parses an IDX file of unsigned bytes, plain or gzipped: the format of MNIST.
 * @param name What to call the file in errors, such as its path. Throws a DataError.
 */
export async function parseIdx(bytes: Uint8Array, name = 'IDX'): Promise<IdxArray> {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await gunzip(bytes, name) : bytes
  const [zero, alsoZero, type, rank] = plain
  if (zero !== 0 || alsoZero !== 0 || type === undefined || rank === undefined || rank === 0) {
    const start = Array.from(plain.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    throw new DataError(
      name,
      `not an IDX file: it begins with ${start || 'nothing'}, an IDX file with 00 00 08 and its number of axes`,
    )
  }
  if (type !== 8) {
    throw new DataError(
      name,
      `holds values of IDX type 0x${type.toString(16).padStart(2, '0')}; only unsigned bytes (0x08) are read`,
    )
  }
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength)
  const header = 4 + 4 * rank
  if (plain.length < header) throw new DataError(name, `the file ends within the header; get it again`)
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  const size = shape.reduce((product, length) => product * length, 1)
  if (plain.length - header !== size) {
    throw new DataError(
      name,
      `the header announces [${shape.join(', ')}], which is ${size} bytes, but ${plain.length - header} follow; get it again`,
    )
  }
  return { shape, data: plain.subarray(header) }
}

async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new DecompressionStream('gzip'))
    return new Uint8Array(await new Response(stream).arrayBuffer())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DataError(name, `cannot be unpacked (${reason}); it is damaged or cut off, get it again`, {
      cause: error,
    })
  }
}

export interface IdxDatasetOptions {
  readonly transform?: Transform
  /** The classes' names; the numbers from 0 to the largest label unless given. */
  readonly classes?: readonly string[]
}

/**
 * Images and labels from two parsed IDX files, such as MNIST's.
 * @param images [samples, height, width], grey.
 * @param labels [samples].
 */
export function idxDataset(
  images: IdxArray,
  labels: IdxArray,
  options: IdxDatasetOptions = {},
): Dataset & { readonly classes: readonly string[] } {
  const { transform } = options
  const [length = 0, height = 0, width = 0] = images.shape
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== length || length === 0) {
    throw new RangeError(
      `idxDataset: images [samples, height, width] and labels [samples] are needed, got [${images.shape.join(', ')}] ` +
        `and [${labels.shape.join(', ')}]`,
    )
  }
  const most = labels.data.reduce((highest, label) => Math.max(highest, label), 0)
  const classes = options.classes ?? Array.from({ length: most + 1 }, (_, i) => String(i))
  if (most >= classes.length) {
    throw new RangeError(`idxDataset: label ${most} is not one of the ${classes.length} classes`)
  }
  const size = height * width
  return {
    length,
    classes,
    labels: labels.data,
    get(index, generator): Sample {
      checkIndex('idxDataset', index, length)
      const image: Image = makeImage(width, height, 1, images.data.subarray(index * size, (index + 1) * size))
      return { image: transform ? transform.apply(image, generator) : image, label: labels.data[index]! }
    },
  }
}
