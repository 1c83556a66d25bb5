import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { InputError, StateError } from '../errors.ts'
import { checkNumber } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import type { Column, NumericColumn, Table } from '../tables/table.ts'

export interface OneROptions {
  /** How many samples of its majority class an interval of numbers has at least; the last one may have fewer. Default 6. */
  readonly minBucketSize?: number
}

/** A rule on one column: each category or interval, and the missing value, with the classes of its samples. */
interface Rule {
  /** Between the intervals of a numeric column, ascending; empty for a nominal one. */
  readonly cuts: Float64Array
  /** Samples of each class: a row for each category or interval, then one for missing values. */
  readonly counts: Matrix
  /** Samples that the rule gets right. */
  readonly correct: number
}

/**
 * One rule on one column: the one with the fewest errors on the samples it learned from, the first of equal ones. Numbers are
 * cut into intervals: one is closed when its majority class has `minBucketSize` samples and the next value's majority is
 * another class; neighbours with equal majorities are then joined. A missing value is a category of its own. Probabilities are
 * the shares of the classes in the category or interval. Source: Holte 1993.
 */
export class OneR extends ProbabilisticClassifier<OneROptions, 'table'> {
  readonly method = 'oner'
  protected override readonly reads = 'table'
  protected override readonly acceptsMissing = true
  protected override readonly fewestClasses = 1
  /** Position of the column that the rule is on. */
  feature: number = -1
  /** Numbers between the intervals, ascending, where the column is numeric; an interval holds its lower end. */
  cuts: Float64Array = new Float64Array()
  /** Samples of each class: a row for each category or interval, then one for missing values. */
  counts: Matrix = new Matrix(0, 0)

  constructor(options: OneROptions = {}) {
    super(options, { minBucketSize: 6 })
    checkNumber(this.label, 'minBucketSize', this.options.minBucketSize, { atLeast: 1, integer: true })
  }

  protected override learn(table: Table, target: ClassTarget): void {
    let best: (Rule & { feature: number }) | undefined
    for (const [feature, column] of table.columns.entries()) {
      const rule = ruleOn(column, target, this.options.minBucketSize)
      if (best === undefined || rule.correct > best.correct) best = { ...rule, feature }
    }
    if (best === undefined) throw new InputError(`${this.label}: x has no columns`)
    this.feature = best.feature
    this.cuts = best.cuts
    this.counts = best.counts
  }

  protected override probabilities(table: Table): Matrix {
    const column = table.columns[this.feature]!
    const shares = this.#shares()
    const result = new Matrix(table.length, shares.columns)
    for (let i = 0; i < table.length; i++) result.row(i).set(shares.row(partOf(column, i, this.cuts)))
    return result
  }

  /** The classes' shares in each part; those of all samples where a part has none. */
  #shares(): Matrix {
    const { rows, columns } = this.counts
    const all = new Float64Array(columns)
    for (let i = 0; i < this.counts.data.length; i++) all[i % columns]! += this.counts.data[i]!
    const result = new Matrix(rows, columns)
    for (let part = 0; part < rows; part++) {
      const own = this.counts.row(part)
      const counts = own.some((value) => value > 0) ? own : all
      const total = counts.reduce((sum, value) => sum + value, 0)
      result.row(part).set(counts.map((value) => value / total))
    }
    return result
  }

  /** The rule in words: its column, the class of each category or interval, and how many samples it gets right. */
  toText(): string {
    const { name, categories } = this.features[this.feature]!
    const shares = this.#shares()
    const missing = this.counts.rows - 1
    const parts = Array.from({ length: missing }, (_, part) => categories?.[part] ?? this.#interval(part))
    if (this.counts.row(missing).some((count) => count > 0)) parts.push('?')
    const lines = parts.map((part, i) => `  ${part} -> ${this.classes[majority(shares.row(i))]}`)
    const correct = Array.from({ length: this.counts.rows }, (_, part) => Math.max(...this.counts.row(part)))
    const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0)
    return [`${name}:`, ...lines, `(${sum(correct)}/${sum(this.counts.data)} correct)`].join('\n')
  }

  #interval(part: number): string {
    if (this.cuts.length === 0) return 'any number'
    return part < this.cuts.length ? `< ${this.cuts[part]}` : `>= ${this.cuts[part - 1]}`
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      feature: this.feature,
      cuts: numbersToJson(this.cuts),
      counts: matrixToJson(this.counts),
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    const feature = state.integer('feature', 0, this.features.length - 1)
    const { categories } = this.features[feature]!
    const cuts = state.numbers('cuts', categories === undefined ? undefined : 0)
    if (cuts.some((cut, i) => i > 0 && !(cut > cuts[i - 1]!))) {
      throw new StateError(`${this.label}: the saved cuts do not ascend`)
    }
    this.counts = state.matrix('counts', (categories?.length ?? cuts.length + 1) + 1, classes)
    if (!this.counts.data.some((count) => count > 0)) {
      throw new StateError(`${this.label}: the saved counts are all 0`)
    }
    this.feature = feature
    this.cuts = cuts
  }
}

/** The row of a rule's counts that a value belongs to. */
function partOf(column: Column, row: number, cuts: Float64Array): number {
  if (column.kind === 'nominal') {
    const code = column.codes[row]!
    return code < 0 ? column.categories.length : code
  }
  const value = column.values[row]!
  if (Number.isNaN(value)) return cuts.length + 1
  let part = 0
  while (part < cuts.length && value >= cuts[part]!) part++
  return part
}

function ruleOn(column: Column, { classes, codes }: ClassTarget, minBucketSize: number): Rule {
  const cuts =
    column.kind === 'numeric' ? cutsOf(column, classes.length, codes, minBucketSize) : new Float64Array()
  const parts = column.kind === 'nominal' ? column.categories.length : cuts.length + 1
  const counts = new Matrix(parts + 1, classes.length)
  for (const [i, code] of codes.entries()) counts.row(partOf(column, i, cuts))[code]!++
  let correct = 0
  for (let part = 0; part < counts.rows; part++) correct += counts.get(part, majority(counts.row(part)))
  return { cuts, counts, correct }
}

/** The numbers between the intervals of a column. */
function cutsOf(
  { values }: NumericColumn,
  classes: number,
  codes: Int32Array,
  minBucketSize: number,
): Float64Array {
  let buckets: { readonly first: number; last: number; readonly counts: Float64Array }[] = []
  for (const { value, counts } of groupsOf(values, classes, codes)) {
    const open = buckets.at(-1)
    const own = open && majority(open.counts)
    if (open === undefined || (open.counts[own!]! >= minBucketSize && majority(counts) !== own)) {
      buckets.push({ first: value, last: value, counts })
    } else {
      add(open.counts, counts)
      open.last = value
    }
  }
  buckets = buckets.reduce<typeof buckets>((joined, bucket) => {
    const previous = joined.at(-1)
    if (previous !== undefined && majority(previous.counts) === majority(bucket.counts)) {
      add(previous.counts, bucket.counts)
      previous.last = bucket.last
    } else joined.push(bucket)
    return joined
  }, [])
  return Float64Array.from(buckets.slice(1), ({ first }, i) => middle(buckets[i]!.last, first))
}

/** The distinct values of a column, ascending, with their samples of each class. */
function groupsOf(
  values: Float64Array,
  classes: number,
  codes: Int32Array,
): { readonly value: number; readonly counts: Float64Array }[] {
  const order = Uint32Array.from(values.keys()).filter((row) => !Number.isNaN(values[row]!))
  order.sort((a, b) => values[a]! - values[b]!)
  const groups: { value: number; counts: Float64Array }[] = []
  for (const row of order) {
    if (groups.at(-1)?.value !== values[row])
      groups.push({ value: values[row]!, counts: new Float64Array(classes) })
    groups.at(-1)!.counts[codes[row]!]!++
  }
  return groups
}

/** Halfway between two numbers, above the first. */
function middle(below: number, above: number): number {
  const half = below / 2 + above / 2
  return half > below ? half : above
}

function add(sums: Float64Array, counts: Float64Array): void {
  for (let c = 0; c < sums.length; c++) sums[c]! += counts[c]!
}

/** The class of the highest count, the first of equal ones. */
function majority(counts: Float64Array): number {
  return counts.indexOf(Math.max(...counts))
}
