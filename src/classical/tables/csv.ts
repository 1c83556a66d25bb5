import Papa from 'papaparse'
import { InputError } from '../errors.ts'
import { type Column, nominalColumn, Table } from './table.ts'

/** How a column is read. */
export type ColumnKind = 'numeric' | 'nominal'

export interface CsvOptions {
  /** What stands between values; found out where left out. */
  readonly delimiter?: string
  /** Whether the first line names the columns; by default it does where its cells are distinct words, some above numbers. */
  readonly header?: boolean
  /** Names for a file without a header. */
  readonly names?: readonly string[]
  /** Overrules what was found out, by column name. */
  readonly types?: { readonly [column: string]: ColumnKind }
  /** What stands for a missing value, blanks aside. */
  readonly missing?: readonly string[]
  /** Lines that begin with this are left out. */
  readonly comment?: string
  /** The table's name, which messages use. */
  readonly name?: string
}

/** What stands for a missing value in most tables. */
export const missingMarks: readonly string[] = ['', '?', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL']

/**
 * Reads comma-separated values (RFC 4180; also tabs, semicolons, pipes) as a table. A column whose values are all numbers is
 * numeric, any other nominal. Throws an InputError that names the line of a row with too many or too few values, of an
 * unclosed quote, and of what a numeric column cannot hold.
 */
export function parseCsv(text: string, options: CsvOptions = {}): Table {
  const { name = 'the table', comment = '#', missing = missingMarks, types = {} } = options
  const { data, errors } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), {
    delimiter: options.delimiter ?? '',
    comments: comment,
    skipEmptyLines: true,
  })
  const quote = errors.find(({ type }) => type === 'Quotes')
  if (quote !== undefined) {
    throw new InputError(`${name}: ${quote.message} in row ${(quote.row ?? 0) + 1}`)
  }
  const trimmed = data.map((row) => row.map((cell) => cell.trim()))
  const rows = trimmed.filter((row) => row.length > 1 || row[0] !== '')
  const first = rows[0]
  if (first === undefined) throw new InputError(`${name} holds no rows`)
  const marks = new Set(missing)
  const header = options.header ?? (options.names === undefined && looksLikeHeader(first, rows, marks))
  const names = header ? first : (options.names ?? first.map((_, i) => `x${i}`))
  const body = header ? rows.slice(1) : rows
  if (names.length !== first.length) {
    throw new InputError(`${name}: ${names.length} names for ${first.length} columns`)
  }
  for (const [i, row] of body.entries()) {
    if (row.length !== names.length) {
      throw new InputError(
        `${name}: row ${i + 1} has ${row.length} values, and there are ${names.length} columns; is the delimiter right?`,
      )
    }
  }
  const unknown = Object.keys(types).find((column) => !names.includes(column))
  if (unknown !== undefined) {
    throw new InputError(`${name} has no column '${unknown}'; its columns are ${names.join(', ')}`)
  }
  const columns = names.map((column, c) =>
    readColumn(
      name,
      column,
      body.map((row) => row[c]!),
      marks,
      types[column],
    ),
  )
  return new Table(columns, { length: body.length, name: options.name ?? '' })
}

/** Columns from their cells as text; the kind is found out where none is given. */
export function readColumn(
  table: string,
  name: string,
  cells: readonly string[],
  missing: ReadonlySet<string>,
  kind?: ColumnKind,
): Column {
  const values = cells.map((cell) => (missing.has(cell) ? null : cell))
  const numbers = Float64Array.from(values, (cell) => (cell === null ? Number.NaN : toNumber(cell)))
  const bad = values.findIndex((cell, row) => cell !== null && Number.isNaN(numbers[row]))
  if (kind === 'nominal' || (kind === undefined && bad >= 0)) return nominalColumn(name, values)
  if (bad >= 0) {
    throw new InputError(
      `${table}: '${values[bad]}' in row ${bad + 1} of column '${name}' is not a number; is the column nominal, or is ` +
        'this a mark for missing values?',
    )
  }
  return { kind: 'numeric', name, values: numbers }
}

/** A decimal number, NaN where the text is none. */
export function toNumber(text: string): number {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
}

function looksLikeHeader(
  first: readonly string[],
  rows: readonly (readonly string[])[],
  missing: ReadonlySet<string>,
): boolean {
  const isWord = (cell: string | undefined): boolean =>
    cell !== undefined && !missing.has(cell) && Number.isNaN(toNumber(cell))
  if (!first.every(isWord) || new Set(first).size < first.length) return false
  const below = rows.slice(1, 100)
  const numbersBelow = first.some((_, c) => below.some((row) => !Number.isNaN(toNumber(row[c] ?? ''))))
  // Words above words are names where they never come again.
  return numbersBelow || (below.length > 0 && first.every((cell, c) => below.every((row) => row[c] !== cell)))
}

/** The table as comma-separated values with a header; missing values are empty. */
export function formatCsv(table: Table): string {
  const rows = Array.from({ length: table.length }, (_, row) => table.row(row))
  return `${Papa.unparse({ fields: [...table.names], data: rows }, { newline: '\n' })}\n`
}
