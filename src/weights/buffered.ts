import { checkRange, type RandomAccess } from './random-access.ts'

interface ReadRequest {
  readonly offset: number
  readonly length: number
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

type Run = [ReadRequest, ...ReadRequest[]]

export interface BufferedSource {
  readonly name: string
  readonly size: number
  /** Bytes that a short read takes in at once; one of more than a quarter of it stays alone. */
  readonly readAhead: number
  /** About as many bytes as reads of neighbours that are made into one take. */
  readonly longest: number
  /** The first bytes, where they have been read already. */
  readonly start?: Uint8Array
  /** Fills the parts, one after another, with what begins at `offset`. */
  readonly fill: (offset: number, parts: readonly Uint8Array[]) => Promise<void>
}

/**
 * Random access to something of which few long reads are cheaper than many short ones: those that are asked for together and
 * follow one another become one, and a short one reads ahead.
 */
export function bufferedAccess(source: BufferedSource): RandomAccess {
  const { name, size, readAhead, longest, start = new Uint8Array(0), fill } = source
  const readRange = async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length)
    await fill(offset, [bytes])
    return bytes
  }
  // What was read last: tensors are small and follow one another.
  let window = { from: 0, until: start.length, bytes: Promise.resolve(start) }
  const readAlone = async (offset: number, length: number): Promise<Uint8Array> => {
    if (offset < window.from || offset + length > window.until) {
      if (length > readAhead / 4) return readRange(offset, length)
      const until = Math.min(offset + readAhead, size)
      const bytes = readRange(offset, until - offset)
      const next = { from: offset, until, bytes }
      window = next
      bytes.catch(() => {
        // A failure is not kept: the next read tries again.
        if (window === next) window = { from: 0, until: 0, bytes: Promise.resolve(new Uint8Array(0)) }
      })
    }
    const { from, bytes } = window
    return (await bytes).slice(offset - from, offset - from + length)
  }
  let waiting: ReadRequest[] = []
  const flush = (): void => {
    const runs = adjacent(waiting, longest)
    waiting = []
    for (const run of runs) {
      const [{ offset, length, resolve, reject }] = run
      if (run.length === 1) {
        readAlone(offset, length).then(resolve, reject)
        continue
      }
      const parts = run.map((request) => new Uint8Array(request.length))
      fill(offset, parts).then(
        () => run.forEach((request, i) => void request.resolve(parts[i]!)),
        (error: unknown) => run.forEach((request) => void request.reject(error)),
      )
    }
  }
  const access: RandomAccess = {
    name,
    size,
    async read(offset, length) {
      checkRange(access, offset, length)
      return new Promise<Uint8Array>((resolve, reject) => {
        if (waiting.length === 0) queueMicrotask(flush)
        waiting.push({ offset, length, resolve, reject })
      })
    },
  }
  return access
}

/** Requests that were made together, by offset, those that follow one another in one run. */
function adjacent(requests: readonly ReadRequest[], longest: number): Run[] {
  const runs: Run[] = []
  let [start, end] = [0, -1]
  for (const request of [...requests].sort((a, b) => a.offset - b.offset)) {
    if (request.offset === end && end - start < longest && request.length < longest)
      runs.at(-1)!.push(request)
    else {
      runs.push([request])
      start = request.offset
    }
    end = request.offset + request.length
  }
  return runs
}
