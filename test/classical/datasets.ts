import { readFileSync } from 'node:fs'
import { Matrix, parseArff, parseCsv, type Table } from '../../src/classical/index.ts'
import { sharedPath } from '../support/shared.ts'

/** The column names of the UCI tables, whose files have none; the target is last. */
const tables = {
  iris: ['sepal length', 'sepal width', 'petal length', 'petal width', 'class'],
  wine: undefined,
  glass: undefined,
  'pima-indians-diabetes': undefined,
  housing: undefined,
  sonar: undefined,
  'auto-insurance': undefined,
} as const

export type TableName = keyof typeof tables
export type ArffName =
  | 'contact-lenses'
  | 'cpu'
  | 'diabetes'
  | 'iris'
  | 'labor'
  | 'vote'
  | 'weather.nominal'
  | 'weather.numeric'

/** A UCI table; undefined where the real data is not here. */
export function uciTable(name: TableName): Table | undefined {
  const path = sharedPath('assets', 'datasets', 'tables', `${name}.csv`)
  const names = tables[name]
  return path === undefined
    ? undefined
    : parseCsv(readFileSync(path, 'utf8'), { name, header: false, ...(names && { names }) })
}

/** One of Weka's tables; undefined where the real data is not here. */
export function wekaTable(name: ArffName): Table | undefined {
  const path = sharedPath('assets', 'datasets', 'weka', `${name}.arff`)
  return path === undefined ? undefined : parseArff(readFileSync(path, 'utf8'), name)
}

/** The 1797 digits of 8 x 8 counts with which scikit-learn comes. */
export function uciDigits(): Table | undefined {
  const path = sharedPath('assets', 'datasets', 'optdigits', 'optdigits.tes')
  return path === undefined
    ? undefined
    : parseCsv(readFileSync(path, 'utf8'), { name: 'digits', header: false })
}

export type DatasetName = 'iris' | 'wine' | 'pima' | 'glass' | 'sonar' | 'housing' | 'digits'

interface Loaded {
  readonly x: Matrix
  readonly y: readonly (string | number)[]
}

const cache = new Map<DatasetName, Loaded | undefined>()

/**
 * The features of a data set as numbers, and its target; undefined where the real data is not here. Iris has Anderson's values
 * in the two rows that UCI's file has wrong.
 */
export function loaded(name: DatasetName): Loaded | undefined {
  if (!cache.has(name)) cache.set(name, read(name))
  return cache.get(name)
}

function read(name: DatasetName): Loaded | undefined {
  const table = name === 'digits' ? uciDigits() : uciTable(name === 'pima' ? 'pima-indians-diabetes' : name)
  if (table === undefined) return undefined
  const { x, y } = table.split()
  const values = y.kind === 'numeric' ? Array.from(y.values) : Array.from(y.codes, (c) => y.categories[c]!)
  const matrix = x.toMatrix()
  if (name === 'iris') {
    matrix.set(34, 3, 0.2)
    matrix.set(37, 1, 3.6)
    matrix.set(37, 2, 1.4)
  }
  return { x: matrix, y: values }
}

/** Each column with mean 0 and (population) standard deviation 1. */
export function standardized(matrix: Matrix): Matrix {
  const result = new Matrix(matrix.rows, matrix.columns)
  for (let c = 0; c < matrix.columns; c++) {
    const column = matrix.column(c)
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length)
    for (const [i, value] of column.entries()) result.set(i, c, (value - mean) / (deviation || 1))
  }
  return result
}
