import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32c } from '../weights/crc32.ts'
import { FileWriteError } from '../weights/file.ts'

/**
 * A file of TFRecord (tensorflow/core/lib/io/record_writer.h): each record with its length and checksums of both. It is only
 * ever appended to, whole records at a time: a crash leaves what was written before, and at most one cut record behind it,
 * which readers leave out. After an error, such as a full disk, it ends with its last whole record.
 */
export class RecordFile {
  readonly path: string
  #waiting: Uint8Array[] = []
  #writing: Promise<void> | null = null
  #handle: FileHandle | null = null
  #length = 0
  #failure: FileWriteError | null = null
  #closed = false

  /** The file must not be there; its folder is made. */
  constructor(path: string) {
    this.path = path
  }

  /** Queues a record, and begins to write. Throws once a write has failed, and after `close`. */
  append(record: Uint8Array): void {
    if (this.#closed) throw new Error(`${this.path}: is closed; nothing more can be added`)
    if (this.#failure !== null) throw this.#failure
    this.#waiting.push(framed(record))
    this.#writing ??= this.#write()
  }

  /** Resolves once everything added is on the disk. Throws a FileWriteError. */
  async flush(): Promise<void> {
    await this.#writing
    if (this.#failure !== null) throw this.#failure
    await this.#handle?.datasync()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      await this.flush()
    } finally {
      await this.#handle?.close()
      this.#handle = null
    }
  }

  async #write(): Promise<void> {
    let size = 0
    try {
      if (this.#handle === null) {
        await mkdir(dirname(this.path), { recursive: true })
        this.#handle = await open(this.path, 'ax')
      }
      while (this.#waiting.length > 0) {
        const bytes = Buffer.concat(this.#waiting)
        size = bytes.length
        this.#waiting = []
        await this.#handle.appendFile(bytes)
        this.#length += size
      }
    } catch (error) {
      await this.#handle?.truncate(this.#length).catch(() => undefined)
      const { code, message } = error as NodeJS.ErrnoException
      const what = `could not be written (${message}); the ${this.#length} bytes before are intact`
      this.#failure = new FileWriteError(this.path, what, code, this.#length + size, error)
    } finally {
      this.#writing = null
    }
  }
}

function framed(record: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(record.length + 16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(record.length), true)
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true)
  bytes.set(record, 12)
  view.setUint32(12 + record.length, masked(crc32c(record)), true)
  return bytes
}

/** So that the checksum of data that holds checksums stays a good one (tensorflow/core/lib/hash/crc32c.h). */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
