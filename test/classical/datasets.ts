import { readFileSync } from 'node:fs'
import { parseArff, parseCsv, type Table } from '../../src/classical/index.ts'
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
