import { formatNumber } from './text.ts'

/** A point's coordinates. */
export type Point = readonly [x: number, y: number]

/** Sizes of a picture, in pixels. */
export interface ChartSize {
  readonly width?: number
  readonly height?: number
}

export function checkNotEmpty(what: string, length: number, needed: string): void {
  if (length === 0) throw new RangeError(`${what} is empty: give at least one ${needed}`)
}

export function checkLength(what: string, length: number, other: string, expected: number): void {
  if (length !== expected) {
    throw new RangeError(`${what} has length ${length}, but ${other} has ${expected}: give as many of both`)
  }
}

function describe(value: unknown): string {
  return typeof value === 'number' ? formatNumber(value) : `${typeof value} '${String(value)}'`
}

export function checkFinite(what: string, value: number): void {
  if (!Number.isFinite(value)) {
    throw new RangeError(`${what} is ${describe(value)}: only finite numbers can be drawn`)
  }
}

/** Finite numbers, and on a logarithmic axis positive ones. */
export function checkNumbers(
  what: string,
  values: ArrayLike<number>,
  scale: 'linear' | 'log' = 'linear',
): void {
  for (let i = 0; i < values.length; i++) {
    checkFinite(`${what}[${i}]`, values[i]!)
    if (scale === 'log' && values[i]! <= 0) {
      throw new RangeError(
        `${what}[${i}] is ${formatNumber(values[i]!)}: a logarithmic axis takes only numbers above 0`,
      )
    }
  }
}

export function checkPoints(
  what: string,
  points: readonly Point[],
  scales: readonly ['linear' | 'log', 'linear' | 'log'] = ['linear', 'linear'],
): void {
  points.forEach((point, i) => {
    if (point.length !== 2) {
      throw new RangeError(`${what}[${i}] has ${point.length} numbers: a point is [x, y]`)
    }
    point.forEach((value, axis) => {
      const place = `${what}[${i}]`
      checkFinite(`${axis === 0 ? 'x' : 'y'} of ${place}`, value)
      if (scales[axis] === 'log' && value <= 0) {
        const name = axis === 0 ? 'x' : 'y'
        throw new RangeError(
          `${name} of ${place} is ${formatNumber(value)}: a logarithmic axis takes only numbers above 0`,
        )
      }
    })
  })
}

/** Gives the sizes, which must be numbers of pixels that a picture can have. */
export function checkSize(
  what: string,
  asked: ChartSize,
  defaults: Required<ChartSize>,
): { width: number; height: number } {
  const size = { width: asked.width ?? defaults.width, height: asked.height ?? defaults.height }
  for (const [name, value] of Object.entries(size)) {
    if (!(value >= 50 && value <= 10_000)) {
      throw new RangeError(`${what}: ${name} is ${describe(value)}, but must be 50 to 10000 pixels`)
    }
  }
  return size
}

/** A matrix's rows and columns; all rows must be of one length. */
export function checkMatrix(
  what: string,
  values: readonly ArrayLike<number>[],
): { rows: number; columns: number; min: number; max: number } {
  checkNotEmpty(what, values.length, 'row')
  const columns = values[0]!.length
  checkNotEmpty(`${what}[0]`, columns, 'number')
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  values.forEach((row, i) => {
    checkLength(`${what}[${i}]`, row.length, `${what}[0]`, columns)
    checkNumbers(`${what}[${i}]`, row)
    for (let j = 0; j < columns; j++) {
      min = Math.min(min, row[j]!)
      max = Math.max(max, row[j]!)
    }
  })
  return { rows: values.length, columns, min, max }
}
