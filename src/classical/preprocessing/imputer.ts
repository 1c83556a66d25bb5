import { InputError } from '../errors.ts'
import { type Json, numbersToJson, type StateReader } from '../state.ts'
import { columnLength, isMissing, Table } from '../tables/table.ts'
import { momentsOf } from './moments.ts'
import { Transformer } from './transformer.ts'

export interface SimpleImputerOptions {
  /** What a missing number becomes; categories become the most frequent one, or `fillValue`. */
  readonly strategy?: 'mean' | 'median' | 'mostFrequent' | 'constant'
  /** The number of strategy 'constant'. */
  readonly fillValue?: number
}

/** Fills in missing values: numbers by the column's mean (or median, mode, a constant), categories by the most frequent. */
export class SimpleImputer extends Transformer<SimpleImputerOptions> {
  readonly method = 'simple-imputer'
  protected override readonly acceptsMissing = true
  /** What fills each column: a number, or a position among its categories. */
  statistics: Float64Array = new Float64Array()

  constructor(options: SimpleImputerOptions = {}) {
    super(options, { strategy: 'mean', fillValue: 0 })
  }

  protected override learn(table: Table): void {
    this.statistics = Float64Array.from(table.columns, (column) => {
      const present = Array.from({ length: columnLength(column) }, (_, row) => row).filter(
        (row) => !isMissing(column, row),
      )
      if (column.kind === 'numeric' && this.options.strategy === 'constant') return this.options.fillValue
      if (present.length === 0) {
        throw new InputError(`SimpleImputer: column '${column.name}' has no values at all; drop it`)
      }
      if (column.kind === 'nominal') return mostFrequent(present.map((row) => column.codes[row]!))
      const values = Float64Array.from(present, (row) => column.values[row]!)
      if (this.options.strategy === 'mean') return momentsOf(values).mean
      return this.options.strategy === 'median' ? median(values) : mostFrequent(values)
    })
  }

  protected override apply(table: Table): Table {
    const columns = table.columns.map((column, c) => {
      const fill = this.statistics[c]!
      return column.kind === 'numeric'
        ? { ...column, values: column.values.map((value) => (Number.isNaN(value) ? fill : value)) }
        : { ...column, codes: column.codes.map((code) => (code < 0 ? fill : code)) }
    })
    return new Table(columns, { length: table.length, name: table.name })
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { statistics: numbersToJson(this.statistics) }
  }

  protected override restoreLearned(state: StateReader): void {
    this.statistics = state.numbers('statistics', this.features.length)
  }
}

/** The most frequent number, the least of equally frequent ones. */
function mostFrequent(values: ArrayLike<number>): number {
  const counts = new Map<number, number>()
  for (let i = 0; i < values.length; i++) counts.set(values[i]!, (counts.get(values[i]!) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]![0]
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
