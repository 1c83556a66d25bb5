import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { InputError } from '../errors.ts'
import { checkFlag, checkNumber } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import type { Column, Table } from '../tables/table.ts'
import { effectiveAlpha, logPriorsOf, type PriorOptions, type SmoothingOptions } from './discrete.ts'
import { checkPriors, classWeights, normalizeJoint } from './posterior.ts'

export interface CategoricalNBOptions extends SmoothingOptions, PriorOptions {
  /**
   * How many categories a column of numbers has at least: one integer, or one for each column. A column of numbers holds
   * 0, 1, 2, …; null takes its highest number. A nominal column has those it lists. Default null.
   */
  readonly minCategories?: number | readonly number[] | null
}

/**
 * Naive Bayes for categories: P(category | class) = (count + alpha) / (count of the class + alpha * categories). Columns
 * are nominal, or numbers 0, 1, 2, … that stand for categories.
 */
export class CategoricalNB extends ProbabilisticClassifier<CategoricalNBOptions, 'table'> {
  readonly method = 'categorical-nb'
  protected override readonly reads = 'table'
  protected override readonly takesWeights = true
  protected override readonly fewestClasses = 1
  /** Each class's sum of weights. */
  classCount: Float64Array = new Float64Array()
  /** Logarithm of each class's probability before a sample is seen. */
  classLogPrior: Float64Array = new Float64Array()
  /** For each column, the sums of weights: [classes, categories]. */
  categoryCount: readonly Matrix[] = []
  /** For each column, the logarithms of the categories' probabilities: [classes, categories]. */
  featureLogProb: readonly Matrix[] = []

  constructor(options: CategoricalNBOptions = {}) {
    super(options, { alpha: 1, forceAlpha: true, fitPrior: true, classPrior: null, minCategories: null })
    const { alpha, forceAlpha, fitPrior, classPrior, minCategories } = this.options
    checkNumber(this.label, 'alpha', alpha, { atLeast: 0 })
    checkFlag(this.label, 'forceAlpha', forceAlpha)
    checkFlag(this.label, 'fitPrior', fitPrior)
    checkPriors(this.label, 'classPrior', classPrior)
    for (const least of Array.isArray(minCategories) ? minCategories : [minCategories ?? 1]) {
      checkNumber(this.label, 'minCategories', least, { atLeast: 1, integer: true })
    }
  }

  protected override learn({ columns }: Table, { classes, codes, weights }: ClassTarget): void {
    const { minCategories } = this.options
    if (Array.isArray(minCategories) && minCategories.length !== columns.length) {
      throw new InputError(
        `${this.label}: minCategories has ${minCategories.length} numbers for ${columns.length} columns`,
      )
    }
    const counts = columns.map((column, f) => {
      const least = typeof minCategories === 'number' ? minCategories : (minCategories?.[f] ?? 1)
      const values = this.#codesOf(column, Number.POSITIVE_INFINITY)
      const size =
        column.kind === 'nominal'
          ? column.categories.length
          : values.reduce((most, value) => Math.max(most, value + 1), least)
      const count = new Matrix(classes.length, size)
      for (let i = 0; i < values.length; i++) count.data[codes[i]! * size + values[i]!]! += weights?.[i] ?? 1
      return count
    })
    const classCount = classWeights(codes, weights, classes.length)
    this.classLogPrior = logPriorsOf(this.label, this.options, classCount)
    this.classCount = classCount
    this.#setCounts(counts)
  }

  #setCounts(counts: readonly Matrix[]): void {
    const alpha = effectiveAlpha(this.options.alpha, this.options.forceAlpha)
    this.categoryCount = counts
    this.featureLogProb = counts.map((count) => {
      const result = new Matrix(count.rows, count.columns)
      for (let c = 0; c < count.rows; c++) {
        const total = this.classCount[c]! + alpha * count.columns
        const logarithms = count
          .row(c)
          .map((value) => (total > 0 ? Math.log((value + alpha) / total) : -Math.log(count.columns)))
        result.row(c).set(logarithms)
      }
      return result
    })
  }

  protected override probabilities(table: Table): Matrix {
    const classes = this.classLogPrior.length
    const joint = new Matrix(table.length, classes)
    for (let i = 0; i < table.length; i++) joint.row(i).set(this.classLogPrior)
    for (const [f, column] of table.columns.entries()) {
      const logarithms = this.featureLogProb[f]!
      const values = this.#codesOf(column, logarithms.columns)
      for (let i = 0; i < values.length; i++) {
        for (let c = 0; c < classes; c++) joint.data[i * classes + c]! += logarithms.get(c, values[i]!)
      }
    }
    return normalizeJoint(joint, this.classLogPrior)
  }

  /** A column's categories as positions below `bound`. */
  #codesOf(column: Column, bound: number): Int32Array {
    if (column.kind === 'nominal') return column.codes
    for (const [row, value] of column.values.entries()) {
      if (Number.isInteger(value) && value >= 0 && value < Math.min(bound, 2 ** 31)) continue
      throw new InputError(
        Number.isInteger(value) && value >= bound
          ? `${this.label}: '${column.name}' is ${value} in row ${row}, and categories below ${bound} were fitted; set minCategories`
          : `${this.label}: '${column.name}' is ${value} in row ${row}, which is not a category 0, 1, 2, …; use NaiveBayes ` +
              'for columns of other numbers',
      )
    }
    return Int32Array.from(column.values)
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      classCount: numbersToJson(this.classCount),
      classLogPrior: numbersToJson(this.classLogPrior),
      columns: this.categoryCount.map((count) => ({ count: matrixToJson(count) })),
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    this.classCount = state.numbers('classCount', classes)
    this.classLogPrior = state.numbers('classLogPrior', classes)
    const columns = state.objects('columns', this.features.length)
    this.#setCounts(
      columns.map((column, f) => column.matrix('count', classes, this.features[f]!.categories?.length)),
    )
  }
}
