import { InputError } from '../errors.ts'
import { Matrix } from './matrix.ts'

/** A column of numbers; NaN stands for a missing one. */
export interface NumericColumn {
  readonly kind: 'numeric'
  readonly name: string
  readonly values: Float64Array
}

/** A column of categories: `codes` are positions in `categories`, -1 stands for a missing one. */
export interface NominalColumn {
  readonly kind: 'nominal'
  readonly name: string
  readonly categories: readonly string[]
  readonly codes: Int32Array
}

export type Column = NumericColumn | NominalColumn

/** One value of a table: a category, a number, or null for a missing one. */
export type Cell = string | number | boolean | null | undefined

/** Whether the value at `row` is missing. */
export function isMissing(column: Column, row: number): boolean {
  return column.kind === 'numeric' ? Number.isNaN(column.values[row]) : column.codes[row]! < 0
}

/** How many values of the column are missing. */
export function countMissing(column: Column): number {
  let count = 0
  for (let row = 0; row < columnLength(column); row++) if (isMissing(column, row)) count++
  return count
}

/** The value at `row`: a number, a category, or null where it is missing. */
export function cellOf(column: Column, row: number): string | number | null {
  if (isMissing(column, row)) return null
  return column.kind === 'numeric' ? column.values[row]! : column.categories[column.codes[row]!]!
}

export function columnLength(column: Column): number {
  return column.kind === 'numeric' ? column.values.length : column.codes.length
}

export function numericColumn(name: string, values: ArrayLike<number>): NumericColumn {
  return { kind: 'numeric', name, values: Float64Array.from(values) }
}

/**
 * A column of categories.
 * @param categories All that may occur, in their order; where left out, those that occur, sorted.
 */
export function nominalColumn(
  name: string,
  values: readonly (string | null | undefined)[],
  categories: readonly string[] = [...new Set(values.filter((value) => value != null))].sort(),
): NominalColumn {
  const positions = new Map(categories.map((category, i) => [category, i]))
  const codes = Int32Array.from(values, (value, row) => {
    if (value == null) return -1
    const code = positions.get(value)
    if (code !== undefined) return code
    throw new InputError(
      `column '${name}': '${value}' in row ${row} is none of its ${categories.length} categories`,
    )
  })
  return { kind: 'nominal', name, categories, codes }
}

/** Columns of equal length with distinct names, each of numbers or of categories. It never changes. */
export class Table {
  readonly columns: readonly Column[]
  readonly length: number
  /** What the table calls itself: ARFF's relation, or a file's name. */
  readonly name: string

  constructor(columns: readonly Column[], { length, name = '' }: { length?: number; name?: string } = {}) {
    this.columns = columns
    this.length = length ?? (columns[0] === undefined ? 0 : columnLength(columns[0]))
    this.name = name
    const names = new Set<string>()
    for (const column of columns) {
      if (columnLength(column) !== this.length) {
        throw new InputError(
          `Table: column '${column.name}' has ${columnLength(column)} rows, the table has ${this.length}`,
        )
      }
      if (names.has(column.name)) throw new InputError(`Table: two columns are named '${column.name}'`)
      names.add(column.name)
    }
  }

  /** Rows of values: a column with a word in it is nominal, one of numbers alone is numeric. */
  static fromRows(rows: readonly ArrayLike<Cell>[], names?: readonly string[]): Table {
    const width = rows[0]?.length ?? names?.length ?? 0
    for (const [i, row] of rows.entries()) {
      if (row.length !== width)
        throw new InputError(`Table: row ${i} has ${row.length} values, row 0 has ${width}`)
    }
    if (names !== undefined && names.length !== width) {
      throw new InputError(`Table: ${names.length} names for ${width} columns`)
    }
    const columns = Array.from({ length: width }, (_, c) => {
      const name = names?.[c] ?? defaultName(c)
      const values = rows.map((row) => row[c])
      const numeric = values.every((value) => value == null || typeof value === 'number')
      return numeric
        ? numericColumn(
            name,
            values.map((value) => (value as number | null | undefined) ?? Number.NaN),
          )
        : nominalColumn(
            name,
            values.map((value) => (value == null ? null : String(value))),
          )
    })
    return new Table(columns, { length: rows.length })
  }

  /** The numbers of a matrix, column by column. */
  static fromMatrix(matrix: Matrix, names?: readonly string[]): Table {
    const columns = Array.from({ length: matrix.columns }, (_, c) => ({
      kind: 'numeric' as const,
      name: names?.[c] ?? defaultName(c),
      values: matrix.column(c),
    }))
    return new Table(columns, { length: matrix.rows })
  }

  get names(): readonly string[] {
    return this.columns.map(({ name }) => name)
  }

  /** A column by name or position; negative positions count from the end. */
  column(which: string | number): Column {
    const found =
      typeof which === 'number'
        ? this.columns.at(which)
        : this.columns.find((column) => column.name === which)
    if (found !== undefined) return found
    throw new InputError(`the table has no column ${JSON.stringify(which)}; it has ${listed(this.names)}`)
  }

  /** The columns of these names or positions, in this order. */
  select(which: readonly (string | number)[]): Table {
    return new Table(
      which.map((each) => this.column(each)),
      { length: this.length, name: this.name },
    )
  }

  /** All columns but these. */
  drop(...which: readonly (string | number)[]): Table {
    const dropped = new Set(which.map((each) => this.column(each)))
    return new Table(
      this.columns.filter((column) => !dropped.has(column)),
      { length: this.length, name: this.name },
    )
  }

  /** The features and the target: all columns but one, and that one. The last column where none is named. */
  split(target: string | number = -1): { readonly x: Table; readonly y: Column } {
    return { x: this.drop(target), y: this.column(target) }
  }

  /** The rows at `indices`, in that order. Columns keep all their categories. */
  take(indices: ArrayLike<number>): Table {
    const columns = this.columns.map((column) => takeRows(column, indices))
    return new Table(columns, { length: indices.length, name: this.name })
  }

  /** The rows without a missing value in the named columns, or in any. */
  dropMissing(...which: readonly (string | number)[]): Table {
    const columns = which.length > 0 ? which.map((each) => this.column(each)) : this.columns
    const kept = Array.from({ length: this.length }, (_, row) => row).filter(
      (row) => !columns.some((column) => isMissing(column, row)),
    )
    return this.take(kept)
  }

  /** The values of a row. */
  row(index: number): (string | number | null)[] {
    return this.columns.map((column) => cellOf(column, index))
  }

  /** The numbers of a table without nominal columns; missing ones are NaN. */
  toMatrix(): Matrix {
    const matrix = new Matrix(this.length, this.columns.length)
    for (const [c, column] of this.columns.entries()) {
      if (column.kind === 'nominal') {
        throw new InputError(
          `column '${column.name}' holds categories (${listed(column.categories)}) where numbers are needed: ` +
            'encode it first, as new OneHotEncoder() or new OrdinalEncoder() does',
        )
      }
      for (let row = 0; row < this.length; row++) matrix.set(row, c, column.values[row]!)
    }
    return matrix
  }
}

/** The rows of a column at `indices`. */
export function takeRows(column: Column, indices: ArrayLike<number>): Column {
  return column.kind === 'numeric'
    ? { ...column, values: Float64Array.from(indices, (row) => column.values[row]!) }
    : { ...column, codes: Int32Array.from(indices, (row) => column.codes[row]!) }
}

function defaultName(column: number): string {
  return `x${column}`
}

/** A few of some names, for messages. */
export function listed(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown}, … (${names.length} in all)` : shown || 'none'
}
