import { InputError } from '../errors.ts'
import { type Json, numbersToJson, type StateReader } from '../state.ts'
import { type Column, type NumericColumn, Table } from '../tables/table.ts'
import { momentsOf } from './moments.ts'
import { Transformer } from './transformer.ts'

/** The table with its numeric columns changed one by one; `index` counts the numeric columns. */
function mapNumeric(table: Table, change: (column: NumericColumn, index: number) => Column): Table {
  let index = 0
  const columns = table.columns.map((column) =>
    column.kind === 'numeric' ? change(column, index++) : column,
  )
  return new Table(columns, { length: table.length, name: table.name })
}

function numericColumns(table: Table): NumericColumn[] {
  return table.columns.filter((column) => column.kind === 'numeric')
}

export interface StandardScalerOptions {
  /** Whether the mean is taken off. */
  readonly withMean?: boolean
  /** Whether the columns are divided by their standard deviation. */
  readonly withStd?: boolean
}

/** z = (x - mean) / standard deviation (of the population) of every numeric column; a constant column is only centred. */
export class StandardScaler extends Transformer<StandardScalerOptions> {
  readonly method = 'standard-scaler'
  protected override readonly acceptsMissing = true
  /** The mean of each numeric column, over what is not missing. */
  mean: Float64Array = new Float64Array()
  /** The population variance of each numeric column. */
  variance: Float64Array = new Float64Array()
  /** What each numeric column is divided by: its standard deviation, or 1 where that is 0. */
  scale: Float64Array = new Float64Array()

  constructor(options: StandardScalerOptions = {}) {
    super(options, { withMean: true, withStd: true })
  }

  protected override learn(table: Table): void {
    const moments = numericColumns(table).map(({ values }) => momentsOf(values))
    this.mean = Float64Array.from(moments, ({ mean }) => mean)
    this.variance = Float64Array.from(moments, ({ variance }) => variance)
    this.#setScale()
  }

  #setScale(): void {
    this.scale = this.variance.map((variance, i) => {
      // Rounding leaves a constant column a variance of this size.
      const noise = (10 * Number.EPSILON * Math.abs(this.mean[i]!)) ** 2
      return variance <= noise ? 1 : Math.sqrt(variance)
    })
  }

  protected override apply(table: Table): Table {
    const { withMean, withStd } = this.options
    return mapNumeric(table, (column, i) => {
      const [shift, scale] = [withMean ? this.mean[i]! : 0, withStd ? this.scale[i]! : 1]
      return { ...column, values: column.values.map((value) => (value - shift) / scale) }
    })
  }

  /** Takes scaled columns back to what they were. */
  async inverseTransform(x: Table): Promise<Table> {
    const { withMean, withStd } = this.options
    return mapNumeric(await this.readSamples(x), (column, i) => {
      const [shift, scale] = [withMean ? this.mean[i]! : 0, withStd ? this.scale[i]! : 1]
      return { ...column, values: column.values.map((value) => value * scale + shift) }
    })
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { mean: numbersToJson(this.mean), variance: numbersToJson(this.variance) }
  }

  protected override restoreLearned(state: StateReader): void {
    const numeric = this.features.filter(({ categories }) => categories === undefined).length
    this.mean = state.numbers('mean', numeric)
    this.variance = state.numbers('variance', numeric)
    this.#setScale()
  }
}

export interface MinMaxScalerOptions {
  /** What the least and the greatest value become. */
  readonly featureRange?: readonly [number, number]
}

/** Takes the range of every numeric column to `featureRange`, [0, 1] by default; a constant column becomes its lower end. */
export class MinMaxScaler extends Transformer<MinMaxScalerOptions> {
  readonly method = 'min-max-scaler'
  protected override readonly acceptsMissing = true
  /** The least value of each numeric column. */
  dataMin: Float64Array = new Float64Array()
  /** The greatest value of each numeric column. */
  dataMax: Float64Array = new Float64Array()

  constructor(options: MinMaxScalerOptions = {}) {
    super(options, { featureRange: [0, 1] })
    const [low, high] = this.options.featureRange
    if (!(low < high)) throw new InputError(`MinMaxScaler: featureRange [${low}, ${high}] is not a range`)
  }

  protected override learn(table: Table): void {
    const present = numericColumns(table).map(({ values }) => values.filter((value) => !Number.isNaN(value)))
    this.dataMin = Float64Array.from(present, (values) => values.reduce((a, b) => Math.min(a, b), Infinity))
    this.dataMax = Float64Array.from(present, (values) => values.reduce((a, b) => Math.max(a, b), -Infinity))
  }

  protected override apply(table: Table): Table {
    const [low, high] = this.options.featureRange
    return mapNumeric(table, (column, i) => {
      const range = this.dataMax[i]! - this.dataMin[i]!
      const factor = (high - low) / (range > 0 && Number.isFinite(range) ? range : 1)
      return { ...column, values: column.values.map((value) => (value - this.dataMin[i]!) * factor + low) }
    })
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { dataMin: numbersToJson(this.dataMin), dataMax: numbersToJson(this.dataMax) }
  }

  protected override restoreLearned(state: StateReader): void {
    const numeric = this.features.filter(({ categories }) => categories === undefined).length
    this.dataMin = state.numbers('dataMin', numeric)
    this.dataMax = state.numbers('dataMax', numeric)
  }
}
