import { type NumericColumn, Table } from '../../src/classical/index.ts'
import { uciTable } from './datasets.ts'

/** Fisher's iris with Anderson's values, which rows 34 and 37 of UCI's file lack; undefined where the real data is not here. */
export function anderson(): Table | undefined {
  const table = uciTable('iris')
  if (table === undefined) return undefined
  const corrected = (c: number, row: number, value: number): NumericColumn => {
    const column = table.columns[c] as NumericColumn
    return { ...column, values: column.values.map((old, i) => (i === row ? value : old)) }
  }
  return new Table([
    table.columns[0]!,
    corrected(1, 37, 3.6),
    corrected(2, 37, 1.4),
    corrected(3, 34, 0.2),
    table.columns[4]!,
  ])
}
