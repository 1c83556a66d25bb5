import { readFileSync } from 'node:fs'
import { Matrix, Table } from '../../src/classical/index.ts'
import { sharedPath } from '../support/shared.ts'

const files = {
  iris: 'tables/iris.csv',
  wine: 'tables/wine.csv',
  pima: 'tables/pima-indians-diabetes.csv',
  glass: 'tables/glass.csv',
  sonar: 'tables/sonar.csv',
  housing: 'tables/housing.csv',
  digits: 'optdigits/optdigits.tes',
}

export type DatasetName = keyof typeof files

/**
 * A real table without missing values, its target last (a number, or a class as a word or a number); undefined, with a
 * message, where the folder of assets is absent. Iris has Anderson's values in the two rows that UCI's file has wrong.
 */
export function dataset(name: DatasetName): Table | undefined {
  const path = sharedPath('assets/datasets', files[name])
  if (path === undefined) return undefined
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) =>
      line
        .trim()
        .split(',')
        .map((text) => (Number.isNaN(Number(text)) ? text : Number(text))),
    )
  if (name === 'iris') {
    rows[34]![3] = 0.2
    rows[37]!.splice(1, 2, 3.6, 1.4)
  }
  return Table.fromRows(rows)
}

interface Loaded {
  readonly x: Matrix
  readonly y: readonly (string | number)[]
}

const cache = new Map<DatasetName, Loaded | undefined>()

/** The features of a data set as numbers, and its target. */
export function loaded(name: DatasetName): Loaded | undefined {
  if (!cache.has(name)) cache.set(name, read(name))
  return cache.get(name)
}

function read(name: DatasetName): Loaded | undefined {
  const table = dataset(name)
  if (table === undefined) return undefined
  const { x, y } = table.split()
  const values = y.kind === 'numeric' ? Array.from(y.values) : Array.from(y.codes, (c) => y.categories[c]!)
  return { x: x.toMatrix(), y: values }
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
