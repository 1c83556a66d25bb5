export type Shape = readonly number[]

/** Thrown where an op is recorded with operands that do not fit. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/**
 * Runs fn, which records what the user knows as `op`: a ShapeError within, which begins with the name of a primitive, names
 * `op` instead.
 */
export function calledAs<T>(op: string, fn: () => T): T {
  try {
    return fn()
  } catch (error) {
    if (error instanceof ShapeError) throw new ShapeError(error.message.replace(/^\w+/, op))
    throw error
  }
}

export function sizeOf(shape: Shape): number {
  let size = 1
  for (const d of shape) size *= d
  return size
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i])
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride
    stride *= shape[i]!
  }
  return strides
}

/** NumPy broadcasting of two shapes; throws a ShapeError that names the op. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length)
  const out = new Array<number>(rank)
  for (let i = 0; i < rank; i++) {
    const da = a[a.length - rank + i] ?? 1
    const db = b[b.length - rank + i] ?? 1
    if (da !== db && da !== 1 && db !== 1) {
      throw new ShapeError(
        `${op}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: ` +
          `dimension ${i - rank} is ${da} in one and ${db} in the other; they must be equal, or one of them 1`,
      )
    }
    out[i] = da === 1 ? db : da
  }
  return out
}

/** Strides that read `shape` as if broadcast to `target`: 0 along repeated dimensions. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape)
  const offset = target.length - shape.length
  return target.map((_, i) => (i < offset || shape[i - offset] === 1 ? 0 : strides[i - offset]!))
}

/** An axis in 0..rank-1 from one in -rank..rank-1. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= Math.max(rank, 1)) {
    throw new ShapeError(
      `${op}: axis ${axis} is out of range for a tensor of rank ${rank}; use ${-rank} to ${rank - 1}`,
    )
  }
  return resolved
}

/** Sorted, distinct axes; no axes given means all of them. */
export function normalizeAxes(
  op: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i)
  const list = (typeof axes === 'number' ? [axes] : axes).map((a) => normalizeAxis(op, a, rank))
  const distinct = [...new Set(list)].sort((a, b) => a - b)
  if (distinct.length !== list.length) {
    throw new ShapeError(`${op}: axes ${formatShape(list)} name the same axis twice`)
  }
  return distinct
}
