import { type ClassWeight, checkClassWeight, weightByClass } from '../class-weight.ts'
import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { InputError, StateError } from '../errors.ts'
import { formatNumber, formatP } from '../number-text.ts'
import { chiSquared } from '../numerics/distributions.ts'
import { minimize } from '../numerics/lbfgs.ts'
import { softmaxRow } from '../numerics/softmax.ts'
import { checkNumber, checkWord } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import { checkLevel, formatCoefficients } from './inference.ts'
import { dot } from './linear-model.ts'
import { proximalNewton } from './logistic/coordinate.ts'
import {
  contrasts,
  independent,
  type LogisticRow,
  logisticRows,
  nullLogLikelihood,
} from './logistic/inference.ts'
import { inverseHessian, newton } from './logistic/newton.ts'
import { LogisticProblem } from './logistic/problem.ts'
import type { Solution } from './logistic/solution.ts'

const penalties = ['l2', 'l1', 'elasticnet', 'none'] as const
const solvers = ['auto', 'newton', 'lbfgs', 'coordinate'] as const

export interface LogisticRegressionOptions {
  /** What large coefficients cost: half their sum of squares, the sum of their sizes, both, or nothing. Default 'l2'. */
  readonly penalty?: (typeof penalties)[number]
  /** The weight of the samples' losses against the penalty, above 0. Default 1. */
  readonly C?: number
  /** The share of 'l1' in 'elasticnet', 0 to 1. Default 0.5. */
  readonly l1Ratio?: number
  /** Whether there are intercepts, which cost nothing. Default true. */
  readonly fitIntercept?: boolean
  /** Factors of the classes' samples by the class's label, or 'balanced': samples / (classes * samples of the class). Default null. */
  readonly classWeight?: ClassWeight
  /**
   * 'newton' for up to some hundred coefficients, 'lbfgs' for any number, 'coordinate' for 'l1' and 'elasticnet'. All reach
   * the same optimum; 'auto', the default, chooses by size.
   */
  readonly solver?: (typeof solvers)[number]
  /** The largest entry of the gradient at the end, from 0. Default 1e-4. */
  readonly tol?: number
  /** The most iterations. Default 100. */
  readonly maxIter?: number
}

/**
 * Logistic regression: minimises C * sum of w_i * -ln p(class of sample i) + penalty. Two classes have one vector of
 * coefficients, that of the second class against the first; more have one each (multinomial, softmax).
 *
 * Without a penalty there are standard errors, z, p and odds ratios, against the first class (Hosmer and Lemeshow). Where a
 * combination of features tells classes apart without error, no finite coefficients are best: `separated` is true then,
 * `converged` false, and the coefficients are those reached when that was found out.
 */
export class LogisticRegression extends ProbabilisticClassifier<LogisticRegressionOptions, 'matrix'> {
  readonly method = 'logistic'
  protected override readonly reads = 'matrix'
  protected override readonly takesWeights = true
  /** [1, features] with two classes, else [classes, features], rows in the order of `classes`. */
  coef: Matrix = new Matrix(0, 0)
  /** One number for each row of `coef`. */
  intercept: Float64Array = new Float64Array()
  iterations = 0
  /** Whether the optimum was reached within `maxIter` iterations. */
  converged = false
  /** Without a penalty, whether features tell classes apart without error, so that there is no optimum. */
  separated = false
  /** The sum of w ln p(class) of the fitted samples. */
  logLikelihood = 0
  /** The same of a model without features. */
  nullLogLikelihood = 0
  /** Of the coefficients feature by feature, intercepts last, one for each class but the first. */
  #covariance: Matrix | undefined

  constructor(options: LogisticRegressionOptions = {}) {
    super(options, {
      penalty: 'l2',
      C: 1,
      l1Ratio: 0.5,
      fitIntercept: true,
      classWeight: null,
      solver: 'auto',
      tol: 1e-4,
      maxIter: 100,
    })
    const { penalty, C, l1Ratio, solver, tol, maxIter, classWeight } = this.options
    checkWord(this.label, 'penalty', penalty, penalties)
    checkWord(this.label, 'solver', solver, solvers)
    checkNumber(this.label, 'C', C, { above: 0 })
    checkNumber(this.label, 'l1Ratio', l1Ratio, { atLeast: 0, atMost: 1 })
    checkNumber(this.label, 'tol', tol, { atLeast: 0 })
    checkNumber(this.label, 'maxIter', maxIter, { atLeast: 1, integer: true })
    const kinked = penalty === 'l1' || penalty === 'elasticnet'
    if (kinked && (solver === 'newton' || solver === 'lbfgs')) {
      throw new InputError(
        `${this.label}: solver '${solver}' cannot do penalty '${penalty}'; 'coordinate' or 'auto' can`,
      )
    }
    checkClassWeight(this.label, classWeight)
  }

  protected override async learn(x: Matrix, target: ClassTarget): Promise<void> {
    const { classes, codes } = target
    const { penalty, C, l1Ratio, fitIntercept } = this.options
    const weights = weightByClass(this.label, this.options.classWeight, target)
    const [l1, l2] = {
      none: [0, 0],
      l2: [0, 1 / C],
      l1: [1 / C, 0],
      elasticnet: [l1Ratio / C, (1 - l1Ratio) / C],
    }[penalty] as [number, number]
    const problem = new LogisticProblem({ x, codes, classes: classes.length, weights, fitIntercept, l1, l2 })
    const solution = await this.#solve(problem)
    const { scores, penalized } = problem
    const { parameters } = solution
    this.coef = new Matrix(scores, x.columns)
    this.intercept = new Float64Array(scores)
    for (let k = 0; k < scores; k++) {
      for (let j = 0; j < x.columns; j++) this.coef.set(k, j, parameters[j * scores + k]!)
      if (fitIntercept) this.intercept[k] = parameters[penalized + k]!
    }
    if (scores > 1) {
      const mean = this.intercept.reduce((sum, value) => sum + value, 0) / scores
      this.intercept = this.intercept.map((value) => value - mean)
    }
    this.iterations = solution.iterations
    this.converged = solution.converged
    this.separated = solution.separated
    const penaltyPart = parameters
      .subarray(0, penalized)
      .reduce((sum, value) => sum + (l2 / 2) * value * value, 0)
    this.logLikelihood = penaltyPart - problem.evaluate(parameters, new Float64Array(problem.size))
    this.nullLogLikelihood = nullLogLikelihood(codes, classes.length, weights, fitIntercept)
    this.#covariance = undefined
    if (penalty === 'none' && !this.separated && independent(x, weights, fitIntercept)) {
      const inverse = await inverseHessian(problem, parameters)
      this.#covariance = inverse && (scores === 1 ? inverse : contrasts(inverse, scores))
    }
  }

  async #solve(problem: LogisticProblem): Promise<Solution> {
    const { solver, tol, maxIter } = this.options
    const { size, data } = problem
    if (data.l1 > 0 || solver === 'coordinate') return proximalNewton(problem, { tol, maxIter })
    if (solver === 'newton' || (solver === 'auto' && size <= 300 && data.x.rows * size ** 2 <= 1e9)) {
      return newton(problem, { tol, maxIter })
    }
    const { x, iterations, converged } = await minimize(
      (parameters, gradient) => problem.evaluate(parameters, gradient),
      new Float64Array(size),
      { tol, maxIter },
    )
    const separated = data.l2 === 0 && problem.margins(problem.scoresOf(x))[0] > 0
    return { parameters: x, iterations, converged: converged && !separated, separated }
  }

  protected override probabilities(x: Matrix): Matrix {
    const { rows: scores } = this.coef
    const result = new Matrix(x.rows, this.classes.length)
    for (let i = 0; i < x.rows; i++) {
      const row = result.row(i)
      const sample = x.row(i)
      if (scores === 1) {
        const score = this.intercept[0]! + dot(this.coef.row(0), sample)
        const small = Math.exp(-Math.abs(score))
        row[score >= 0 ? 1 : 0] = 1 / (1 + small)
        row[score >= 0 ? 0 : 1] = small / (1 + small)
        continue
      }
      for (let k = 0; k < scores; k++) row[k] = this.intercept[k]! + dot(this.coef.row(k), sample)
      softmaxRow(row)
    }
    return result
  }

  /** -2 logLikelihood. */
  get deviance(): number {
    return -2 * this.logLikelihood
  }

  /** That of a model without features. */
  get nullDeviance(): number {
    return -2 * this.nullLogLikelihood
  }

  /** How many coefficients are free, the intercepts counted: those of all classes but one. */
  get parameters(): number {
    return (this.classes.length - 1) * (this.features.length + (this.options.fitIntercept ? 1 : 0))
  }

  /** Akaike's criterion. Penalised coefficients count in full. */
  get aic(): number {
    return 2 * this.parameters + this.deviance
  }

  /** McFadden's measure: 1 - logLikelihood / nullLogLikelihood, 0 where features tell nothing. */
  get mcFadden(): number {
    return 1 - this.logLikelihood / this.nullLogLikelihood
  }

  /** The likelihood ratio against the model without features, and the probability of one as large where they tell nothing. */
  get likelihoodRatio(): {
    readonly statistic: number
    readonly degreesOfFreedom: number
    readonly pValue: number
  } {
    const statistic = this.nullDeviance - this.deviance
    const degreesOfFreedom = (this.classes.length - 1) * this.features.length
    return { statistic, degreesOfFreedom, pValue: chiSquared(degreesOfFreedom).survival(statistic) }
  }

  /**
   * A row for each class but the first and each term, intercepts first, of a model without a penalty. Standard errors and what
   * follows from them are NaN where classes are separated or columns depend on one another.
   * @param level Of the intervals, between 0 and 1. Throws an InputError where there is a penalty.
   */
  coefficientTable({ level = 0.95 }: { readonly level?: number } = {}): LogisticRow[] {
    checkLevel(level)
    const { penalty, fitIntercept } = this.options
    if (penalty !== 'none') {
      throw new InputError(
        `${this.label}: penalised coefficients (${penalty}) have no standard errors; fit with penalty: 'none'`,
      )
    }
    const names = this.features.map(({ name }) => name)
    const { coef, intercept } = this
    const own = (row: number, j: number) => (j < names.length ? coef.get(row, j) : intercept[row]!)
    const rows = logisticRows({
      classes: this.classes.slice(1),
      terms: fitIntercept ? [...names, 'intercept'] : names,
      of: (c, j) => (coef.rows === 1 ? own(0, j) : own(c + 1, j) - own(0, j)),
      covariance: this.#covariance,
      level,
    })
    return this.classes.slice(1).flatMap((label) => {
      const own = rows.filter((row) => row.class === label)
      return fitIntercept ? [own.at(-1)!, ...own.slice(0, -1)] : own
    })
  }

  /** Coefficients with standard errors, z, p and intervals, and what the whole fit is judged by. Needs penalty 'none'. */
  summary({ level = 0.95 }: { readonly level?: number } = {}): string {
    const rows = this.coefficientTable({ level })
    const [first, ...others] = this.classes
    const { statistic, degreesOfFreedom, pValue } = this.likelihoodRatio
    return [
      `LogisticRegression: odds against '${first}'${this.converged ? '' : this.separated ? '; NOT CONVERGED: features tell classes apart without error' : '; NOT CONVERGED'}`,
      ...others.flatMap((label) => [
        `class '${label}'`,
        formatCoefficients(
          rows.filter((row) => row.class === label),
          'z',
          level,
        ),
      ]),
      `log-likelihood ${formatNumber(this.logLikelihood)}, without features ${formatNumber(this.nullLogLikelihood)}; ` +
        `ratio ${formatNumber(statistic)} on ${degreesOfFreedom}, p ${formatP(pValue)}`,
      `deviance ${formatNumber(this.deviance)}, null ${formatNumber(this.nullDeviance)}; AIC ${formatNumber(this.aic)}; ` +
        `McFadden ${formatNumber(this.mcFadden, 4)}`,
    ].join('\n')
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      coef: matrixToJson(this.coef),
      intercept: numbersToJson(this.intercept),
      iterations: this.iterations,
      converged: this.converged,
      separated: this.separated,
      logLikelihood: this.logLikelihood,
      nullLogLikelihood: this.nullLogLikelihood,
      covariance: this.#covariance ? matrixToJson(this.#covariance) : null,
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    const width = this.features.length
    if (classes < 2)
      throw new StateError(`${this.label}: the saved classes are ${classes}; there must be two or more`)
    const scores = classes === 2 ? 1 : classes
    this.coef = state.matrix('coef', scores, width)
    this.intercept = state.numbers('intercept', scores)
    this.iterations = state.integer('iterations')
    this.converged = state.flag('converged')
    this.separated = state.flag('separated')
    this.logLikelihood = state.number('logLikelihood')
    this.nullLogLikelihood = state.number('nullLogLikelihood')
    const size = (classes - 1) * (width + (this.options.fitIntercept ? 1 : 0))
    this.#covariance = state.has('covariance') ? state.matrix('covariance', size, size) : undefined
  }
}
