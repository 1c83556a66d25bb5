import { InputError } from '../errors.ts'

/** Numbers in rows and columns, row by row in float64. */
export class Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array

  /** @param data rows * columns numbers, taken over, not copied; zeros where left out. */
  constructor(rows: number, columns: number, data: Float64Array = new Float64Array(rows * columns)) {
    if (data.length !== rows * columns) {
      throw new InputError(`Matrix: ${data.length} numbers do not fill ${rows} rows of ${columns}`)
    }
    this.rows = rows
    this.columns = columns
    this.data = data
  }

  /** A copy of rows of equal length. */
  static from(rows: readonly ArrayLike<number>[]): Matrix {
    const columns = rows[0]?.length ?? 0
    const result = new Matrix(rows.length, columns)
    for (const [i, row] of rows.entries()) {
      if (row.length !== columns) {
        throw new InputError(`Matrix: row ${i} has ${row.length} numbers, row 0 has ${columns}`)
      }
      result.data.set(row, i * columns)
    }
    return result
  }

  get(row: number, column: number): number {
    return this.data[row * this.columns + column]!
  }

  set(row: number, column: number, value: number): void {
    this.data[row * this.columns + column] = value
  }

  /** A row, in the matrix's own memory. */
  row(index: number): Float64Array {
    return this.data.subarray(index * this.columns, (index + 1) * this.columns)
  }

  /** A copy of a column. */
  column(index: number): Float64Array {
    const result = new Float64Array(this.rows)
    for (let row = 0, at = index; row < result.length; row++, at += this.columns) result[row] = this.data[at]!
    return result
  }

  /** A copy of the rows at `indices`, in that order. */
  take(indices: ArrayLike<number>): Matrix {
    const result = new Matrix(indices.length, this.columns)
    for (let i = 0; i < indices.length; i++) result.data.set(this.row(indices[i]!), i * this.columns)
    return result
  }

  toArray(): number[][] {
    return Array.from({ length: this.rows }, (_, i) => Array.from(this.row(i)))
  }
}
