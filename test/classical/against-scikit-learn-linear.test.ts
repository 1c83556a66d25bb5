import { describe, expect, it } from 'vitest'
import {
  type Column,
  Lasso,
  LinearDiscriminantAnalysis,
  type LinearDiscriminantAnalysisOptions,
  LinearRegression,
  LogisticRegression,
  type LogisticRegressionOptions,
  type Matrix,
  type ProbabilisticClassifier,
  QuadraticDiscriminantAnalysis,
  Ridge,
  StandardScaler,
  Table,
} from '../../src/classical/index.ts'
import { type TableName, uciDigits, uciTable } from './datasets.ts'
import expected from './expected/linear.json' with { type: 'json' }
import { numbersOf } from './textbook-data.ts'

interface Expected {
  readonly intercept: readonly number[]
  readonly coef?: readonly number[]
  /** Of rows 0, 60 and 120. */
  readonly probabilities: readonly (readonly number[])[]
  readonly correct: number
  readonly ratio?: readonly number[]
  readonly transformed?: readonly number[]
}

/** Equal to 1e-8, of the larger of 1 and the largest number. */
function expectEqual(actual: ArrayLike<number>, wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length)
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
  for (const [i, value] of wanted.entries()) {
    expect(Math.abs(actual[i]! - value) / scale, `${i}: ${actual[i]} against ${value}`).toBeLessThan(1e-8)
  }
}

const housing = uciTable('housing')

describe.skipIf(housing === undefined)('regressors on housing', () => {
  const { x, y } = housing ? numbersOf(housing) : { x: [[0]] as never, y: new Float64Array() }
  const sampleWeight = Array.from(y, (_, i) => 1 + (i % 4))
  const few = Array.from({ length: 8 }, (_, i) => i)
  const cases = {
    linear: new LinearRegression(),
    'linear weighted': new LinearRegression(),
    'linear through the origin': new LinearRegression({ fitIntercept: false }),
    ridge: new Ridge({ alpha: 2.5 }),
    'ridge weighted': new Ridge({ alpha: 2.5 }),
    'ridge of few': new Ridge({ alpha: 0.5 }),
    lasso: new Lasso({ alpha: 0.3, tol: 1e-15, maxIter: 100000 }),
    'lasso weighted': new Lasso({ alpha: 0.3, tol: 1e-15, maxIter: 100000 }),
  }

  it.each(Object.entries(cases))('%s', async (name, model) => {
    const wanted = expected.regressors[name as keyof typeof cases]
    if (name.endsWith('few')) await model.fit(x.take(few), y.subarray(0, 8))
    else await model.fit(x, y, name.endsWith('weighted') ? { sampleWeight } : {})
    expectEqual(model.coef, wanted.coef)
    expectEqual([model.intercept], [wanted.intercept])
    if (model instanceof Lasso) {
      expect(model.converged).toBe(true)
      expect(Array.from(model.coef.keys()).filter((j) => model.coef[j] === 0)).toEqual(
        Array.from(wanted.coef.keys()).filter((j) => wanted.coef[j] === 0),
      )
    }
  })

  it('a lasso of large alpha has no coefficients, one cut short says so', async () => {
    const large = await new Lasso({ alpha: 1e6 }).fit(x, y)
    expect(large.coef.every((value) => value === 0)).toBe(true)
    const short = await new Lasso({ alpha: 0.01, maxIter: 1 }).fit(x, y)
    expect(short.converged).toBe(false)
    expect(short.dualityGap).toBeGreaterThan(0)
  })
})

type AnyModel = ProbabilisticClassifier<never, 'matrix'> & { coef?: Matrix; intercept?: Float64Array }

async function expectAgreement(model: AnyModel, x: Matrix, y: Column, wanted: Expected): Promise<void> {
  await model.fit(x, y)
  expect(Math.round((await model.score(x, y)) * x.rows)).toBe(wanted.correct)
  const probabilities = await model.predictProba(x.take([0, 60, 120]))
  expectEqual(probabilities.data, wanted.probabilities.flat())
}

function samplesOf(name: string): { x: Matrix; y: Column } | undefined {
  const table = name === 'digits' ? uciDigits() : uciTable(name as TableName)
  if (table === undefined) return undefined
  const { x, y } = table.split()
  const matrix = x.toMatrix()
  if (name === 'digits') for (let at = 0; at < matrix.data.length; at++) matrix.data[at]! /= 16
  return { x: matrix, y }
}

const discriminant = expected.discriminant as unknown as Record<string, Expected>
const discriminantCases = Object.keys(discriminant).map((key) => key.split(/ (?=[^ ]*$)/) as [string, string])

function discriminantModel(kind: string, classes: number): AnyModel {
  const linear: Record<string, LinearDiscriminantAnalysisOptions> = {
    'lda n': {},
    'lda auto': { shrinkage: 'auto' },
    'lda 0.3': { shrinkage: 0.3 },
    'lda n-K': { solver: 'svd', covariance: 'unbiased' },
  }
  const options = linear[kind]
  if (options) return new LinearDiscriminantAnalysis(options) as never
  const priors = Array.from({ length: classes }, (_, c) => c + 1)
  return new QuadraticDiscriminantAnalysis(kind === 'qda' ? {} : { regParam: 0.2, priors }) as never
}

describe.skipIf(housing === undefined)('discriminant analysis', () => {
  it.each(discriminantCases)('%s on %s', async (kind, name) => {
    const { x, y } = samplesOf(name)!
    const wanted = discriminant[`${kind} ${name}`]!
    const model = discriminantModel(kind, wanted.probabilities[0]!.length)
    await expectAgreement(model, x, y, wanted)
    if (!(model instanceof LinearDiscriminantAnalysis) || !wanted.ratio) return
    // scikit-learn's other solvers shift the scores of all classes by the same, which changes nothing else.
    if (wanted.coef) expectEqual(model.coef.data, wanted.coef)
    expectEqual(model.intercept, wanted.intercept)
    expectEqual(model.explainedVarianceRatio, wanted.ratio)
    expectEqual((await model.transform(x.take([0]))).data.map(Math.abs), wanted.transformed!)
  })
})

const logistic = expected.logistic as unknown as Record<string, Expected>
const logisticCases: [string, LogisticRegressionOptions][] = [
  ['l2 iris', { solver: 'newton' }],
  ['l2 iris', { solver: 'lbfgs', maxIter: 1000 }],
  ['l2 wine', { solver: 'newton' }],
  ['l2 wine', { solver: 'lbfgs', maxIter: 1000 }],
  ['l2 wine', { solver: 'coordinate' }],
  ['l2 glass', { solver: 'newton' }],
  ['l2 digits', { solver: 'lbfgs', C: 0.05, maxIter: 500, tol: 1e-8 }],
  ['l2 pima', { solver: 'newton' }],
  ['l2 pima', { solver: 'lbfgs', maxIter: 1000 }],
  ['none pima', { penalty: 'none' }],
  ['none pima', { penalty: 'none', solver: 'lbfgs', maxIter: 1000 }],
  ['origin pima', { fitIntercept: false }],
  ['balanced pima', { C: 0.1, classWeight: 'balanced' }],
  ['l1 pima', { penalty: 'l1', C: 0.05 }],
  ['elasticnet pima', { penalty: 'elasticnet', l1Ratio: 0.4, C: 0.05 }],
  ['l1 wine', { penalty: 'l1', C: 0.2 }],
  ['elasticnet wine', { penalty: 'elasticnet', l1Ratio: 0.7, C: 0.2 }],
]

describe.skipIf(housing === undefined)('logistic regression', () => {
  it.each(logisticCases)('%s with %j', async (key, options) => {
    const wanted = logistic[key]!
    const name = key.split(' ').at(-1)!
    const { x, y } = samplesOf(name === 'pima' ? 'pima-indians-diabetes' : name)!
    const samples =
      name === 'digits' ? x : (await new StandardScaler().fitTransform(Table.fromMatrix(x))).toMatrix()
    const model = new LogisticRegression({ tol: 1e-9, ...options })
    const sampleWeight = Array.from({ length: x.rows }, (_, i) => 1 + (i % 4))
    await model.fit(samples, y, key.startsWith('balanced') ? { sampleWeight } : {})
    expect(model.converged).toBe(true)
    if (wanted.coef) expectEqual(model.coef.data, wanted.coef)
    expectEqual(model.intercept, wanted.intercept)
    expectEqual((await model.predictProba(samples.take([0, 60, 120]))).data, wanted.probabilities.flat())
    expect(Math.round((await model.score(samples, y)) * x.rows)).toBe(wanted.correct)
  })
})
