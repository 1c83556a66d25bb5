import { InputError, NotFittedError, StateError } from './errors.ts'
import { checkFinite, type Features, readEither, readMatrix, readTable } from './input.ts'
import { type Json, StateReader } from './state.ts'
import type { Matrix } from './tables/matrix.ts'
import { type Column, cellOf, columnLength, countMissing, isMissing, listed, Table } from './tables/table.ts'

/** A column that a method was fitted on. */
export interface FeatureInfo {
  readonly name: string
  /** The categories of a nominal column; undefined for numbers. */
  readonly categories?: readonly string[]
}

/** A saved method. */
export interface EstimatorState {
  readonly format: 'ocelli.classical'
  readonly version: 1
  readonly method: string
  readonly options: Json
  /** Absent where the method was not fitted. */
  readonly fitted?: Json
}

/** What each method reads its samples as. */
export interface InputKinds {
  /** Numbers alone. */
  readonly matrix: Matrix
  /** Numbers and categories. */
  readonly table: Table
  /** Numbers and categories, a matrix where all are numbers and no table was given. */
  readonly either: Table | Matrix
}

export interface FitOptions {
  /** One number from 0 up for each sample: how often it counts. */
  readonly sampleWeight?: ArrayLike<number>
}

/**
 * What all methods share: options given once, `fit`, and JSON.
 *
 * A method names what it reads (`reads`); tables are matched to the columns of `fit` by name, other input by position.
 */
export abstract class Estimator<O extends object, K extends keyof InputKinds> {
  /** The method's key in the table of methods. */
  abstract readonly method: string
  /** All options, the defaults included. */
  readonly options: Required<O>
  protected abstract readonly reads: K
  /** Whether missing values may occur in the samples. */
  protected readonly acceptsMissing: boolean = false
  /** The columns' names, for messages while `fit` learns. */
  protected columnNames: readonly string[] = []
  /** What becomes of a category that was not fitted. */
  protected readonly unknownCategories: 'error' | 'missing' = 'error'
  #features: readonly FeatureInfo[] | undefined
  #fromTable = false

  constructor(options: O, defaults: Required<O>) {
    for (const key of Object.keys(options)) {
      if (!Object.hasOwn(defaults, key)) {
        throw new InputError(
          `${this.constructor.name} has no option '${key}'; it has ${listed(Object.keys(defaults), 30)}`,
        )
      }
    }
    const given = Object.entries(options).filter(([, value]) => value !== undefined)
    this.options = { ...defaults, ...(Object.fromEntries(given) as O) }
  }

  /** What messages call this method. */
  protected get label(): string {
    return this.constructor.name
  }

  /** The columns of `fit`, in its order. */
  get features(): readonly FeatureInfo[] {
    if (this.#features === undefined) throw new NotFittedError(this.label)
    return this.#features
  }

  get isFitted(): boolean {
    return this.#features !== undefined
  }

  /** A method of the same kind that has learned nothing, with some options changed. */
  clone(changes: Partial<O> = {}): this {
    const Constructor = this.constructor as new (options: O) => this
    return new Constructor({ ...this.options, ...changes })
  }

  /** Reads the samples to learn from, before `#features` is set. */
  protected async readTraining(x: Features): Promise<{ data: InputKinds[K]; features: FeatureInfo[] }> {
    const data: Table | Matrix = await this.#read(x)
    const table = x instanceof Table ? x : data instanceof Table ? data : undefined
    const features: FeatureInfo[] =
      table !== undefined
        ? table.columns.map((column) =>
            column.kind === 'nominal'
              ? { name: column.name, categories: column.categories }
              : { name: column.name },
          )
        : Array.from({ length: (data as Matrix).columns }, (_, i) => ({ name: `x${i}` }))
    if (features.length === 0) throw new InputError(`${this.label}: x has no columns`)
    this.columnNames = features.map(({ name }) => name)
    this.#check(data as InputKinds[K], this.columnNames)
    return { data: data as InputKinds[K], features }
  }

  /** Called when all has been learned. */
  protected markFitted(features: readonly FeatureInfo[], fromTable: boolean): void {
    this.#features = features
    this.#fromTable = fromTable
  }

  /** Reads samples to predict: the same columns as in `fit`, categories by name. */
  protected async readSamples(x: Features): Promise<InputKinds[K]> {
    const { features } = this
    const named = x instanceof Table && this.#fromTable
    const data = this.#asFitted(await this.#read(named ? this.#aligned(x) : x))
    const width = data instanceof Table ? data.columns.length : data.columns
    if (width !== features.length) {
      throw new InputError(
        `${this.label}: x has ${width} columns, and ${features.length} were fitted: ${listed(features.map(({ name }) => name))}`,
      )
    }
    const result = !named && data instanceof Table ? this.#alignedByPosition(data) : data
    this.#check(
      result as InputKinds[K],
      features.map(({ name }) => name),
    )
    return result as InputKinds[K]
  }

  async #read(x: Features): Promise<InputKinds[K]> {
    const read = { table: readTable, matrix: readMatrix, either: readEither }[this.reads]
    return (await read(this.label, x)) as InputKinds[K]
  }

  /** A matrix as a table where categories were fitted. */
  #asFitted(data: Table | Matrix): Table | Matrix {
    if (this.reads !== 'either' || data instanceof Table) return data
    return this.features.some(({ categories }) => categories) ? Table.fromMatrix(data) : data
  }

  #check(data: InputKinds[K], names: readonly string[]): void {
    if (!(data instanceof Table)) {
      checkFinite(this.label, data, names, this.acceptsMissing)
      return
    }
    for (const column of data.columns) checkColumn(this.label, column, this.acceptsMissing)
  }

  #aligned(x: Table): Table {
    return new Table(
      this.features.map((feature) => {
        const column = x.columns.find(({ name }) => name === feature.name)
        if (column === undefined) {
          throw new InputError(
            `${this.label}: x lacks column '${feature.name}', which was fitted; it has ${listed(x.names)}`,
          )
        }
        return this.#recoded(column, feature)
      }),
      { length: x.length },
    )
  }

  #alignedByPosition(x: Table): Table {
    const columns = x.columns.map((column, i) => {
      const feature = this.features[i]!
      return this.#recoded({ ...column, name: feature.name }, feature)
    })
    return new Table(columns, { length: x.length })
  }

  /** The column with the categories of the fitted one. */
  #recoded(column: Column, { categories }: FeatureInfo): Column {
    if ((column.kind === 'nominal') !== (categories !== undefined)) {
      const [now, then] = column.kind === 'nominal' ? ['categories', 'numbers'] : ['numbers', 'categories']
      const rows = columnLength(column)
      // A column without a single value tells nothing of its kind.
      if (countMissing(column) < rows) {
        throw new InputError(`${this.label}: '${column.name}' holds ${now}, and ${then} were fitted`)
      }
      return categories === undefined
        ? { kind: 'numeric', name: column.name, values: new Float64Array(rows).fill(Number.NaN) }
        : { kind: 'nominal', name: column.name, categories, codes: new Int32Array(rows).fill(-1) }
    }
    if (column.kind === 'numeric' || categories === undefined || column.categories === categories)
      return column
    const positions = new Map(categories.map((category, i) => [category, i]))
    const codes = Int32Array.from(column.codes, (code, row) => {
      if (code < 0) return -1
      const found = positions.get(column.categories[code]!)
      if (found !== undefined) return found
      if (this.unknownCategories === 'missing') return -1
      throw new InputError(
        `${this.label}: '${column.name}' is '${cellOf(column, row)}' in row ${row}, a category that was not fitted; ` +
          `known are ${listed(categories)}`,
      )
    })
    return { kind: 'nominal', name: column.name, categories, codes }
  }

  toJSON(): EstimatorState {
    const options = this.optionsToJson()
    const state = { format: 'ocelli.classical', version: 1, method: this.method, options } as const
    if (this.#features === undefined) return state
    const features = this.#features.map(({ name, categories }) => ({ name, categories }))
    return { ...state, fitted: { features, fromTable: this.#fromTable, ...this.learnedToJson() } }
  }

  /** Takes over what a saved method of this kind has learned. Throws a StateError where it does not fit. */
  restore(state: EstimatorState): this {
    if (state.method !== this.method) {
      throw new StateError(`the saved method is '${state.method}', not '${this.method}'`)
    }
    if (state.fitted === undefined) return this
    const reader = new StateReader(state.fitted, 'fitted')
    const features = reader.objects('features').map((each) => ({
      name: each.text('name'),
      ...(each.has('categories') && { categories: each.texts('categories') }),
    }))
    if (features.length === 0) throw new StateError(`${this.label}: the saved method has no features`)
    this.#features = features
    this.columnNames = features.map(({ name }) => name)
    this.#fromTable = reader.flag('fromTable')
    try {
      this.restoreLearned(reader)
    } catch (error) {
      this.#features = undefined
      throw error
    }
    return this
  }

  protected optionsToJson(): Json {
    return this.options as unknown as Json
  }

  /** What was learned, as JSON; `restoreLearned` reads it back. */
  protected abstract learnedToJson(): { readonly [key: string]: Json | undefined }
  protected abstract restoreLearned(state: StateReader): void
}

function checkColumn(what: string, column: Column, acceptsMissing: boolean): void {
  for (let row = 0; row < columnLength(column); row++) {
    if (column.kind === 'numeric' && Math.abs(column.values[row]!) === Number.POSITIVE_INFINITY) {
      throw new InputError(`${what}: '${column.name}' is infinite in row ${row}`)
    }
    if (!acceptsMissing && isMissing(column, row)) {
      throw new InputError(
        `${what}: '${column.name}' is missing in row ${row}; leave such rows out (table.dropMissing()) or fill them ` +
          'in (new SimpleImputer())',
      )
    }
  }
}

/** Sample weights as numbers: `count` of them, none negative, their sum above zero. */
export function readWeights(what: string, weights: ArrayLike<number>, count: number): Float64Array {
  const values = Float64Array.from(weights)
  if (values.length !== count) {
    throw new InputError(`${what}: ${values.length} sample weights for ${count} samples`)
  }
  const bad = values.findIndex((value) => !(value >= 0 && value < Number.POSITIVE_INFINITY))
  if (bad >= 0)
    throw new InputError(`${what}: sample weight ${values[bad]} of row ${bad} is not a number from 0 up`)
  if (!values.some((value) => value > 0)) throw new InputError(`${what}: all sample weights are 0`)
  return values
}
