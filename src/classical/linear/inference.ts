import { formatTable } from '../../metrics/text-table.ts'
import { InputError } from '../errors.ts'
import { formatNumber, formatP } from '../number-text.ts'

/** What is known of a coefficient. */
export interface CoefficientRow {
  readonly term: string
  readonly coefficient: number
  readonly standardError: number
  /** The coefficient over its standard error: t or z. */
  readonly statistic: number
  /** The probability of a statistic at least as far from 0 were the coefficient 0. */
  readonly pValue: number
  /** The bounds of the coefficient's interval. */
  readonly lower: number
  readonly upper: number
}

export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) {
    throw new InputError(`the level of an interval is ${level}; it must be between 0 and 1, as 0.95 is`)
  }
}

/** The rows as a table of text. */
export function formatCoefficients(
  rows: readonly CoefficientRow[],
  statistic: string,
  level: number,
): string {
  const percent = (share: number) => `${Number((100 * share).toPrecision(6))} %`
  const header = [
    '',
    'coefficient',
    'std error',
    statistic,
    'p',
    percent((1 - level) / 2),
    percent((1 + level) / 2),
  ]
  return formatTable([
    header,
    ...rows.map((row) => [
      row.term,
      formatNumber(row.coefficient),
      formatNumber(row.standardError),
      formatNumber(row.statistic, 4),
      formatP(row.pValue),
      formatNumber(row.lower),
      formatNumber(row.upper),
    ]),
  ])
}
