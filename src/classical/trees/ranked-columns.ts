import type { Matrix } from '../tables/matrix.ts'
import type { Column, Table } from '../tables/table.ts'

/** A column whose values are replaced by their positions in order: what is small can be counted, what is not sorts fast. */
export interface RankedColumn {
  /** Each row's position in `values`, or its category; `missing` where it has none. */
  readonly ranks: Uint16Array | Uint32Array
  /** The distinct numbers, ascending; of a nominal column, the categories' positions. */
  readonly values: Float64Array
  readonly nominal: boolean
  /** The rank that stands for a missing value: the number of `values`. */
  readonly missing: number
}

export function rankColumns(x: Matrix | Table): RankedColumn[] {
  if ('toMatrix' in x) return x.columns.map(rankColumn)
  const result: RankedColumn[] = []
  // Several columns at a time: neighbours in a row share what memory delivers at once.
  const width = 16
  const block = Array.from({ length: Math.min(width, x.columns) }, () => new Float64Array(x.rows))
  for (let first = 0; first < x.columns; first += width) {
    const count = Math.min(width, x.columns - first)
    for (let i = 0, at = first; i < x.rows; i++, at += x.columns) {
      for (let c = 0; c < count; c++) block[c]![i] = x.data[at + c]!
    }
    for (let c = 0; c < count; c++) result.push(rankNumbers(block[c]!))
  }
  return result
}

function rankColumn(column: Column): RankedColumn {
  if (column.kind === 'numeric') return rankNumbers(column.values)
  const missing = column.categories.length
  const ranks = store(missing, column.codes.length)
  for (let i = 0; i < ranks.length; i++) ranks[i] = column.codes[i]! < 0 ? missing : column.codes[i]!
  return { ranks, values: Float64Array.from(column.categories.keys()), nominal: true, missing }
}

function store(missing: number, length: number): Uint16Array | Uint32Array {
  return missing < 0x10000 ? new Uint16Array(length) : new Uint32Array(length)
}

function rankNumbers(values: Float64Array): RankedColumn {
  return rankSmallIntegers(values) ?? rankBySorting(values)
}

/** Undefined where the values are not integers in a range that is worth a table. */
function rankSmallIntegers(values: Float64Array): RankedColumn | undefined {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    if (Math.floor(value) !== value) return undefined
    if (value < lowest) lowest = value
    if (value > highest) highest = value
  }
  // Without a known value there is no lowest one.
  if (!(lowest <= highest && highest - lowest <= Math.max(256, 2 * values.length))) return undefined
  const position = new Int32Array(highest - lowest + 1)
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) position[values[i]! - lowest] = 1
  }
  const distinct: number[] = []
  for (let i = 0; i < position.length; i++) {
    if (position[i] === 0) continue
    position[i] = distinct.length
    distinct.push(lowest + i)
  }
  const missing = distinct.length
  const ranks = store(missing, values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    ranks[i] = Number.isNaN(value) ? missing : position[value - lowest]!
  }
  return { ranks, values: Float64Array.from(distinct), nominal: false, missing }
}

function rankBySorting(values: Float64Array): RankedColumn {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  let missing = 0
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[missing - 1]) sorted[missing++] = sorted[i]!
  }
  const distinct = sorted.slice(0, missing)
  const ranks = store(missing, values.length)
  for (let i = 0; i < values.length; i++) {
    ranks[i] = Number.isNaN(values[i]) ? missing : lowerBound(distinct, values[i]!)
  }
  return { ranks, values: distinct, nominal: false, missing }
}

/** The position of the first number that is not below `value`. */
function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
