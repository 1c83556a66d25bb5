import { formatShape } from '../graph/shape.ts'
import { Tensor } from '../tensor/index.ts'
import { InputError } from './errors.ts'
import { Matrix } from './tables/matrix.ts'
import { type Cell, type Column, cellOf, columnLength, listed, Table } from './tables/table.ts'

/** Samples row by row: a table, a matrix, a tensor [samples, features], or rows of numbers or categories. */
export type Features = Table | Matrix | Tensor | readonly ArrayLike<Cell>[]

/** What a classifier tells apart. */
export type Label = string | number

/** One label a sample: an array, a tensor [samples], or a column of a table. */
export type Labels = readonly (Label | boolean | null)[] | ArrayLike<number> | Tensor | Column

/** One number a sample: an array, a tensor [samples], or a numeric column of a table. */
export type Targets = ArrayLike<number> | Tensor | Column

/** The samples as a table. Columns without names are x0, x1, … */
export async function readTable(what: string, x: Features): Promise<Table> {
  if (x instanceof Table) return x
  if (x instanceof Matrix || x instanceof Tensor) return Table.fromMatrix(await readMatrix(what, x))
  return Table.fromRows(x)
}

/** The samples as numbers. Throws an InputError for categories; missing numbers stay NaN. */
export async function readMatrix(what: string, x: Features): Promise<Matrix> {
  if (x instanceof Matrix) return x
  if (x instanceof Table) return x.toMatrix()
  if (!(x instanceof Tensor)) return x.every(isNumeric) ? Matrix.from(x) : Table.fromRows(x).toMatrix()
  if (x.rank !== 2) {
    throw new InputError(
      `${what}: x is a tensor ${formatShape(x.shape)}; it must be [samples, features], as x.flatten(1) gives`,
    )
  }
  return new Matrix(x.shape[0]!, x.shape[1]!, Float64Array.from(await x.data()))
}

/** The samples as a matrix where all are numbers and no table is given, else as a table. */
export async function readEither(what: string, x: Features): Promise<Table | Matrix> {
  const isTable = x instanceof Table || (Array.isArray(x) && !x.every(isNumeric))
  return isTable ? readTable(what, x) : readMatrix(what, x)
}

function isNumeric(row: ArrayLike<Cell>): row is ArrayLike<number> {
  return !Array.isArray(row) || row.every((value) => typeof value === 'number')
}

/** Labels as positions in the list of those that occur; -1 stands for a missing one. */
export interface CodedLabels {
  /** Sorted: numbers by size, words by code units; a nominal column's categories keep their order. */
  readonly classes: readonly Label[]
  readonly codes: Int32Array
}

/**
 * Reads and codes labels. The classes of a nominal column are its categories that occur, in the column's order; others are
 * sorted. Throws an InputError where words and numbers are mixed or a number is infinite.
 */
export async function readLabels(what: string, y: Labels): Promise<CodedLabels> {
  const values = await labelValues(y)
  const present = new Set<Label>()
  for (const [i, value] of values.entries()) {
    if (value === null) continue
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new InputError(`${what}: label ${value} of row ${i} is not a class`)
    }
    present.add(value)
  }
  const classes =
    isColumn(y) && y.kind === 'nominal'
      ? y.categories.filter((category) => present.has(category))
      : sortedLabels(what, [...present])
  const positions = new Map<Label, number>(classes.map((label, i) => [label, i]))
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : positions.get(value)!))
  return { classes, codes }
}

function sortedLabels(what: string, labels: readonly Label[]): Label[] {
  if (labels.every((label) => typeof label === 'number')) return [...labels].sort((a, b) => a - b)
  if (labels.every((label) => typeof label === 'string')) return [...labels].sort()
  throw new InputError(
    `${what}: labels are all numbers or all words, not both: ${listed(labels.map(String))}`,
  )
}

/** Labels one by one; a missing one, NaN included, is null. */
export async function labelValues(y: Labels): Promise<(Label | null)[]> {
  const raw = isColumn(y)
    ? Array.from({ length: columnLength(y) }, (_, row) => cellOf(y, row))
    : Array.from((await valuesOf(y)) as ArrayLike<Label | boolean | null>)
  return raw.map((value) => {
    if (value == null || Number.isNaN(value)) return null
    return typeof value === 'boolean' ? String(value) : value
  })
}

async function valuesOf<T>(y: T | Tensor): Promise<T | ArrayLike<number>> {
  if (!(y instanceof Tensor)) return y
  if (y.rank !== 1) throw new InputError(`y is a tensor ${formatShape(y.shape)}; it must be [samples]`)
  return y.data()
}

export function isColumn(y: unknown): y is Column {
  return typeof y === 'object' && y !== null && 'kind' in y
}

/** The numbers to be predicted. Throws an InputError where one is missing or infinite. */
export async function readTargets(what: string, y: Targets): Promise<Float64Array> {
  if (isColumn(y) && y.kind === 'nominal') {
    throw new InputError(
      `${what} predicts numbers, and column '${y.name}' holds categories: it needs a classifier`,
    )
  }
  const values = Float64Array.from(isColumn(y) ? y.values : ((await valuesOf(y)) as ArrayLike<number>))
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      throw new InputError(`${what}: the target of row ${i} is ${value}; leave such rows out`)
    }
  }
  return values
}

/** Throws an InputError that names the first infinite number, or missing one where none is accepted. */
export function checkFinite(
  what: string,
  matrix: Matrix,
  names: readonly string[] = [],
  acceptsMissing = false,
): void {
  const { data } = matrix
  // What is finite gives 0, the rest NaN: sums, several at a time, are much faster than a search.
  let [a, b, c, d] = [0, 0, 0, 0]
  let i = 0
  for (; i + 3 < data.length; i += 4) {
    a += data[i]! * 0
    b += data[i + 1]! * 0
    c += data[i + 2]! * 0
    d += data[i + 3]! * 0
  }
  for (; i < data.length; i++) a += data[i]! * 0
  if (a + b + c + d === 0) return
  const at = data.findIndex((value) => !Number.isFinite(value) && !(acceptsMissing && Number.isNaN(value)))
  if (at < 0) return
  const [row, column] = [Math.floor(at / matrix.columns), at % matrix.columns]
  throw new InputError(
    `${what}: x is ${data[at]} in row ${row}, column ${names[column] ?? column}; leave such rows out ` +
      '(table.dropMissing()) or fill them in (new SimpleImputer())',
  )
}
