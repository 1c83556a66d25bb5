/** Thrown where an index names no element of the axis that it is for. */
export class IndexError extends RangeError {
  override readonly name = 'IndexError'
}

/** `op` is what a person called; `position` is the index's place among the others in row-major order, where it is known. */
export function indexError(op: string, index: number, size: number, position?: number): IndexError {
  const which = position === undefined ? 'an index' : `index ${position}`
  const range = size === 0 ? 'the axis is empty' : `it must be in 0..${size - 1}`
  return new IndexError(`${op}: ${which} is ${index}, out of range for an axis of size ${size}; ${range}`)
}
