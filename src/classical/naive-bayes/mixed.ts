import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { StateError } from '../errors.ts'
import { checkNumber, checkWord } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import type { Column, NominalColumn, NumericColumn, Table } from '../tables/table.ts'
import { classWeights, normalizeJoint } from './posterior.ts'

export interface NaiveBayesOptions {
  /** Added to each category's count (Laplace), from 0 up. Default 1. */
  readonly alpha?: number
  /** Whether variances are divided by the sum of weights less 1 (`sample`) or by the sum (`population`). Default `sample`. */
  readonly variance?: 'sample' | 'population'
  /** Classes' probabilities: (count + 1) / (total + classes) (`laplace`) or their shares (`empirical`). Default `laplace`. */
  readonly priors?: 'laplace' | 'empirical'
}

/** What a column tells of the classes. */
export type ColumnModel =
  | {
      readonly kind: 'nominal'
      /** Sums of weights: [classes, categories]. */
      readonly count: Matrix
    }
  | {
      readonly kind: 'numeric'
      /** Each class's mean; the whole column's where the class has no known value. */
      readonly mean: Float64Array
      /** Each class's standard deviation. */
      readonly standardDeviation: Float64Array
    }

/**
 * Naive Bayes for tables of categories and numbers, as Weka's: categories by smoothed counts, numbers by the normal
 * distribution, missing values left out, in learning and in predicting. A standard deviation is at least a sixth of the mean
 * gap between the column's distinct values (0.01 / 6 in a column of one value). Source: John and Langley 1995.
 */
export class NaiveBayes extends ProbabilisticClassifier<NaiveBayesOptions, 'table'> {
  readonly method = 'naive-bayes'
  protected override readonly reads = 'table'
  protected override readonly acceptsMissing = true
  protected override readonly takesWeights = true
  protected override readonly fewestClasses = 1
  /** Each class's sum of weights. */
  classCount: Float64Array = new Float64Array()
  /** Each class's probability before a sample is seen. */
  classPrior: Float64Array = new Float64Array()
  /** What each column tells, in the order of `features`. */
  columns: readonly ColumnModel[] = []

  constructor(options: NaiveBayesOptions = {}) {
    super(options, { alpha: 1, variance: 'sample', priors: 'laplace' })
    checkNumber(this.label, 'alpha', this.options.alpha, { atLeast: 0 })
    checkWord(this.label, 'variance', this.options.variance, ['sample', 'population'])
    checkWord(this.label, 'priors', this.options.priors, ['laplace', 'empirical'])
  }

  protected override learn(table: Table, target: ClassTarget): void {
    const classes = target.classes.length
    const count = classWeights(target.codes, target.weights, classes)
    const total = count.reduce((sum, value) => sum + value, 0)
    this.classCount = count
    this.classPrior = count.map((value) =>
      this.options.priors === 'laplace' ? (value + 1) / (total + classes) : value / total,
    )
    this.columns = table.columns.map((column) =>
      column.kind === 'nominal'
        ? { kind: 'nominal', count: categoryCounts(column, target) }
        : { kind: 'numeric', ...normals(column, target, this.options.variance === 'sample' ? 1 : 0) },
    )
  }

  protected override probabilities(table: Table): Matrix {
    const logPriors = this.classPrior.map((prior) => Math.log(prior))
    const joint = new Matrix(table.length, logPriors.length)
    for (let i = 0; i < table.length; i++) joint.row(i).set(logPriors)
    for (const [f, column] of table.columns.entries()) this.#add(column, this.columns[f]!, joint)
    return normalizeJoint(joint, logPriors)
  }

  #add(column: Column, model: ColumnModel, joint: Matrix): void {
    const classes = joint.columns
    if (model.kind === 'nominal') {
      const { codes } = column as NominalColumn
      const logarithms = smoothedLogarithms(model.count, this.options.alpha)
      for (let i = 0; i < joint.rows; i++) {
        if (codes[i]! < 0) continue
        for (let c = 0; c < classes; c++) joint.data[i * classes + c]! += logarithms.get(c, codes[i]!)
      }
      return
    }
    const { values } = column as NumericColumn
    for (let c = 0; c < classes; c++) {
      const [mean, deviation] = [model.mean[c]!, model.standardDeviation[c]!]
      const constant = -Math.log(deviation) - 0.5 * Math.log(2 * Math.PI)
      for (let i = 0; i < joint.rows; i++) {
        if (Number.isNaN(values[i]!)) continue
        joint.data[i * classes + c]! += constant - 0.5 * ((values[i]! - mean) / deviation) ** 2
      }
    }
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      classCount: numbersToJson(this.classCount),
      classPrior: numbersToJson(this.classPrior),
      columns: this.columns.map((model) =>
        model.kind === 'nominal'
          ? { count: matrixToJson(model.count) }
          : { mean: numbersToJson(model.mean), standardDeviation: numbersToJson(model.standardDeviation) },
      ),
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    this.classCount = state.numbers('classCount', classes)
    this.classPrior = state.numbers('classPrior', classes)
    this.columns = state.objects('columns', this.features.length).map((column, f): ColumnModel => {
      const categories = this.features[f]!.categories?.length
      if (categories !== undefined)
        return { kind: 'nominal', count: column.matrix('count', classes, categories) }
      const standardDeviation = column.numbers('standardDeviation', classes)
      if (!standardDeviation.every((value) => value > 0)) {
        throw new StateError(
          `${this.label}: a saved standard deviation of '${this.features[f]!.name}' is not above 0`,
        )
      }
      return { kind: 'numeric', mean: column.numbers('mean', classes), standardDeviation }
    })
  }
}

function categoryCounts(column: NominalColumn, { classes, codes, weights }: ClassTarget): Matrix {
  const count = new Matrix(classes.length, column.categories.length)
  for (const [i, code] of column.codes.entries()) {
    if (code >= 0) count.data[codes[i]! * count.columns + code]! += weights?.[i] ?? 1
  }
  return count
}

/** log ((count + alpha) / (count of the class + alpha * categories)); a class without known values tells nothing. */
function smoothedLogarithms(count: Matrix, alpha: number): Matrix {
  const result = new Matrix(count.rows, count.columns)
  for (let c = 0; c < count.rows; c++) {
    const row = count.row(c)
    const total = row.reduce((sum, value) => sum + value + alpha, 0)
    result
      .row(c)
      .set(row.map((value) => (total > 0 ? Math.log((value + alpha) / total) : -Math.log(row.length))))
  }
  return result
}

/** Means and standard deviations of the known values; `correction` is taken from the sums of weights. */
function normals(
  { values }: NumericColumn,
  { classes, codes, weights }: ClassTarget,
  correction: 0 | 1,
): { mean: Float64Array; standardDeviation: Float64Array } {
  const least = leastDeviation(values)
  const groups = classes.length + 1
  // The last group is the whole column.
  const [total, mean, squares] = [
    new Float64Array(groups),
    new Float64Array(groups),
    new Float64Array(groups),
  ]
  const each = (use: (group: number, value: number, weight: number) => void): void => {
    for (const [i, value] of values.entries()) {
      if (Number.isNaN(value)) continue
      use(codes[i]!, value, weights?.[i] ?? 1)
      use(groups - 1, value, weights?.[i] ?? 1)
    }
  }
  each((group, value, weight) => {
    total[group]! += weight
    mean[group]! += weight * value
  })
  for (let g = 0; g < groups; g++) mean[g] = total[g]! > 0 ? mean[g]! / total[g]! : 0
  each((group, value, weight) => {
    squares[group]! += weight * (value - mean[group]!) ** 2
  })
  const deviationOf = (group: number): number => {
    const divisor = total[group]! - correction
    return Math.max(least, divisor > 0 ? Math.sqrt(squares[group]! / divisor) : 0)
  }
  const source = (c: number): number => (total[c]! > 0 ? c : groups - 1)
  return {
    mean: Float64Array.from(classes, (_, c) => mean[source(c)]!),
    standardDeviation: Float64Array.from(classes, (_, c) => deviationOf(source(c))),
  }
}

function leastDeviation(values: Float64Array): number {
  const known = values.filter((value) => !Number.isNaN(value)).sort()
  const distinct = known.filter((value, i) => i === 0 || value !== known[i - 1])
  if (distinct.length < 2) return 0.01 / 6
  return (distinct.at(-1)! - distinct[0]!) / (distinct.length - 1) / 6
}
