import { InputError } from '../errors.ts'
import type { Json, StateReader } from '../state.ts'
import { type Column, type NominalColumn, Table } from '../tables/table.ts'
import { Transformer } from './transformer.ts'

export interface EncoderOptions {
  /** The columns to encode, by name; all nominal ones where left out. Numeric ones count as categories too. */
  readonly columns?: readonly string[]
}

/** What both encoders learn: the categories of each encoded column. */
abstract class Encoder<O extends EncoderOptions> extends Transformer<O> {
  /** The categories of each encoded column, by its name; numbers as their decimal text, sorted by size. */
  categories: { readonly [column: string]: readonly string[] } = {}

  protected override learn(table: Table): void {
    const { columns } = this.options
    for (const name of columns ?? []) table.column(name)
    const chosen = columns?.length
      ? columns.map((name) => table.column(name))
      : table.columns.filter(isNominal)
    this.categories = Object.fromEntries(chosen.map((column) => [column.name, categoriesOf(column)]))
  }

  /** Positions among the learned categories, -1 for missing and unknown ones; undefined for a column left as it is. */
  protected codesOf(column: Column): Int32Array | undefined {
    const categories = this.categories[column.name]
    if (categories === undefined) return undefined
    if (column.kind === 'nominal') return column.codes
    const positions = new Map(categories.map((category, i) => [Number(category), i]))
    return Int32Array.from(column.values, (value, row) => {
      const found = Number.isNaN(value) ? -1 : positions.get(value)
      if (found !== undefined) return found
      if (this.unknownCategories === 'missing') return -1
      throw new InputError(`${this.label}: '${column.name}' is ${value} in row ${row}, which was not fitted`)
    })
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { categories: this.categories }
  }

  protected override restoreLearned(state: StateReader): void {
    const reader = state.object('categories')
    this.categories = Object.fromEntries(
      this.features.filter(({ name }) => reader.has(name)).map(({ name }) => [name, reader.texts(name)]),
    )
  }
}

function isNominal(column: Column): column is NominalColumn {
  return column.kind === 'nominal'
}

function categoriesOf(column: Column): readonly string[] {
  if (column.kind === 'nominal') return column.categories
  const present = new Set(column.values.filter((value) => !Number.isNaN(value)))
  return [...present].sort((a, b) => a - b).map(String)
}

export interface OneHotEncoderOptions extends EncoderOptions {
  /** Leaves out a column for the first category: of every column, or of those with two categories. */
  readonly drop?: 'none' | 'first' | 'ifBinary'
  /** What a category that was not fitted, or a missing one, gives: an error, or zeros. */
  readonly handleUnknown?: 'error' | 'ignore'
}

/** A column of zeros and ones, `name=category`, for each category of a column. */
export class OneHotEncoder extends Encoder<OneHotEncoderOptions> {
  readonly method = 'one-hot-encoder'
  protected override readonly acceptsMissing = true
  protected override readonly unknownCategories: 'error' | 'missing' =
    this.options.handleUnknown === 'ignore' ? 'missing' : 'error'

  constructor(options: OneHotEncoderOptions = {}) {
    super(options, { columns: [], drop: 'none', handleUnknown: 'error' })
  }

  protected override apply(table: Table): Table {
    const { drop, handleUnknown } = this.options
    const columns = table.columns.flatMap((column): Column[] => {
      const codes = this.codesOf(column)
      if (codes === undefined) return [column]
      const missing = codes.indexOf(-1)
      if (missing >= 0 && handleUnknown === 'error') {
        throw new InputError(
          `OneHotEncoder: '${column.name}' is missing in row ${missing}; fill it in (new SimpleImputer()), or set ` +
            "handleUnknown: 'ignore'",
        )
      }
      const categories = this.categories[column.name]!
      const from = drop === 'first' || (drop === 'ifBinary' && categories.length === 2) ? 1 : 0
      return categories.slice(from).map((category, i) => ({
        kind: 'numeric',
        name: `${column.name}=${category}`,
        values: Float64Array.from(codes, (code) => Number(code === i + from)),
      }))
    })
    return new Table(columns, { length: table.length, name: table.name })
  }
}

/** Categories as numbers 0, 1, … in their order; missing ones stay missing. */
export class OrdinalEncoder extends Encoder<EncoderOptions> {
  readonly method = 'ordinal-encoder'
  protected override readonly acceptsMissing = true

  constructor(options: EncoderOptions = {}) {
    super(options, { columns: [] })
  }

  protected override apply(table: Table): Table {
    const columns = table.columns.map((column): Column => {
      const codes = this.codesOf(column)
      if (codes === undefined) return column
      const values = Float64Array.from(codes, (code) => (code < 0 ? Number.NaN : code))
      return { kind: 'numeric', name: column.name, values }
    })
    return new Table(columns, { length: table.length, name: table.name })
  }
}
