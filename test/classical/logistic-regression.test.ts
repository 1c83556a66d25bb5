import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  InputError,
  LogisticRegression,
  type LogisticRegressionOptions,
  Matrix,
  StateError,
} from '../../src/classical/index.ts'
import { asRows, challenger, columnsOf, fisherIris, mtcars, study } from './textbook-data.ts'

/** Whether a number is printed so. */
function expectPrinted(actual: number, printed: string): void {
  const decimals = printed.split('.')[1]?.length ?? 0
  expect(Math.abs(actual - Number(printed)), `${actual} against ${printed}`).toBeLessThan(
    0.51 * 10 ** -decimals,
  )
}

const free: LogisticRegressionOptions = { penalty: 'none' }
const hours = asRows(study.hours)
const iris = fisherIris()

describe('hours of study and a passed examination', () => {
  it('without a penalty', async () => {
    const model = await new LogisticRegression(free).fit(hours, study.passed)
    const [intercept, slope] = model.coefficientTable()
    expectPrinted(intercept!.coefficient, '-4.077713431')
    expectPrinted(intercept!.standardError, '1.760994314')
    expectPrinted(intercept!.statistic, '-2.315574')
    expectPrinted(intercept!.pValue, '0.020582')
    expectPrinted(slope!.coefficient, '1.504645428')
    expectPrinted(slope!.standardError, '0.628720846')
    expectPrinted(slope!.statistic, '2.393185')
    expectPrinted(slope!.pValue, '0.016703')
    expect(slope!.oddsRatio).toBeCloseTo(Math.exp(1.504645428), 7)
    expect(slope!.oddsRatioLower).toBeCloseTo(Math.exp(1.504645428 - 1.959963984540054 * 0.628720846), 7)
    expectPrinted(model.logLikelihood, '-8.029878464')
    expectPrinted(model.nullLogLikelihood, '-13.862943611')
    expectPrinted(model.likelihoodRatio.statistic, '11.666130')
    expectPrinted(model.likelihoodRatio.pValue, '0.000636483')
    expectPrinted(model.mcFadden, '0.420767')
    expectPrinted(model.aic, '20.059757')
    const probabilities = await model.predictProba([[1], [2], [3], [4], [5]])
    for (const [i, printed] of ['0.070892', '0.255703', '0.607359', '0.874448', '0.969097'].entries()) {
      expectPrinted(probabilities.get(i, 1), printed)
    }
    expect(model.converged).toBe(true)
    expect(model.separated).toBe(false)
  })

  it.each([
    [1, '-2.615741', '0.938382'],
    [2, '-3.661342', '1.338579'],
    [3, '-4.035262', '1.487387'],
    [4, '-4.077229', '1.504446'],
  ] as const)("Newton's step %i", async (maxIter, intercept, slope) => {
    const model = await new LogisticRegression({ ...free, solver: 'newton', maxIter }).fit(
      hours,
      study.passed,
    )
    expectPrinted(model.intercept[0]!, intercept)
    expectPrinted(model.coef.get(0, 0), slope)
  })

  it.each(['newton', 'lbfgs', 'coordinate'] as const)('with the penalty, by %s', async (solver) => {
    const model = await new LogisticRegression({ solver, tol: 1e-9 }).fit(hours, study.passed)
    expectPrinted(model.coef.get(0, 0), '1.148604')
    expectPrinted(model.intercept[0]!, '-3.139525')
    expect(model.converged).toBe(true)
    expect(() => model.summary()).toThrow("fit with penalty: 'none'")
  })
})

describe('textbook fits', () => {
  it('O-rings', async () => {
    const model = await new LogisticRegression(free).fit(
      challenger.map(([temperature]) => [temperature]),
      challenger.map(([, distress]) => distress),
    )
    const [intercept, slope] = model.coefficientTable()
    expectPrinted(intercept!.coefficient, '15.042902')
    expectPrinted(intercept!.standardError, '7.378636')
    expectPrinted(intercept!.pValue, '0.0415')
    expectPrinted(slope!.coefficient, '-0.232163')
    expectPrinted(slope!.standardError, '0.108237')
    expectPrinted(slope!.pValue, '0.0320')
    expectPrinted(model.deviance, '20.315193')
    expectPrinted(model.nullDeviance, '28.267153')
    expectPrinted((await model.predictProba([[31]])).get(0, 1), '0.999609')
  })

  it('gearboxes by weight', async () => {
    const model = await new LogisticRegression(free).fit(
      mtcars.map(([, , wt]) => [wt]),
      mtcars.map(([, , , am]) => am),
    )
    const [intercept, slope] = model.coefficientTable()
    expectPrinted(intercept!.coefficient, '12.040370')
    expectPrinted(intercept!.standardError, '4.510066')
    expectPrinted(slope!.coefficient, '-4.023970')
    expectPrinted(slope!.standardError, '1.436528')
    expectPrinted(model.deviance, '19.176085')
    expectPrinted(model.nullDeviance, '43.229733')
    expectPrinted(model.aic, '23.176085')
    expect(model.summary()).toContain('deviance 19.1761, null 43.2297; AIC 23.1761')
  })

  it('tiny ones', async () => {
    const two = await new LogisticRegression({ tol: 1e-9 }).fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    expectPrinted(two.coef.get(0, 0), '0.958286')
    expectPrinted(two.intercept[0]!, '-1.437429')
    expectPrinted((await two.predictProba([[1]])).get(0, 1), '0.382455')
    for (const solver of ['newton', 'lbfgs', 'coordinate'] as const) {
      const three = await new LogisticRegression({ tol: 1e-9, solver }).fit(
        [[0], [1], [2], [3], [4], [5]],
        [0, 0, 1, 1, 2, 2],
      )
      for (const [k, printed] of ['-0.953394', '0', '0.953394'].entries()) {
        expectPrinted(three.coef.get(k, 0), printed === '0' ? '0.000000' : printed)
      }
      for (const [k, printed] of ['2.118672', '0.529628', '-2.648300'].entries()) {
        expectPrinted(three.intercept[k]!, printed)
      }
      const probabilities = await three.predictProba([[2.5]])
      for (const [k, printed] of ['0.237349', '0.525302', '0.237349'].entries()) {
        expectPrinted(probabilities.get(0, k), printed)
      }
    }
  })
})

describe.skipIf(iris === undefined)('irises', () => {
  const { x, y } = iris ?? { x: new Matrix(0, 0), y: new Int32Array() }
  const two = Array.from(y.keys()).filter((i) => y[i]! > 0)
  const [twoX, twoY] = [x.take(two), two.map((i) => y[i]!)]

  it('versicolor and virginica without a penalty', async () => {
    const model = await new LogisticRegression({ ...free, tol: 1e-8 }).fit(twoX, twoY)
    const wanted = [
      ['-42.637804', '25.707661'],
      ['-2.465220', '2.394301'],
      ['-6.680887', '4.479565'],
      ['9.429385', '4.737208'],
      ['18.286137', '9.742612'],
    ]
    for (const [i, { coefficient, standardError }] of model.coefficientTable().entries()) {
      expectPrinted(coefficient, wanted[i]![0]!)
      expectPrinted(standardError, wanted[i]![1]!)
    }
    expectPrinted(model.logLikelihood, '-5.949273')
    expect(model.converged).toBe(true)
  })

  it('versicolor and virginica with the penalty', async () => {
    const model = await new LogisticRegression({ tol: 1e-8 }).fit(twoX, twoY)
    for (const [j, printed] of ['-0.394433', '-0.513277', '2.930751', '2.417032'].entries()) {
      expectPrinted(model.coef.get(0, j), printed)
    }
    expectPrinted(model.intercept[0]!, '-14.430758')
    expect(await model.score(twoX, twoY)).toBeCloseTo(0.96, 12)
  })

  it('all three with the penalty', async () => {
    const model = await new LogisticRegression({ tol: 1e-8 }).fit(x, y)
    const wanted = [
      ['-0.423510', '0.967351', '-2.517152', '-1.079337'],
      ['0.534462', '-0.321588', '-0.206392', '-0.944298'],
      ['-0.110952', '-0.645763', '2.723544', '2.023635'],
    ]
    for (const [k, row] of wanted.entries()) {
      for (const [j, printed] of row.entries()) expectPrinted(model.coef.get(k, j), printed)
    }
    for (const [k, printed] of ['9.849568', '2.237206', '-12.086774'].entries()) {
      expectPrinted(model.intercept[k]!, printed)
    }
    expect(await model.score(x, y)).toBeCloseTo(0.973333, 6)
    const probabilities = await model.predictProba(x.take([70]))
    for (const [k, printed] of ['0.002310', '0.440081', '0.557609'].entries()) {
      expectPrinted(probabilities.get(0, k), printed)
    }
  })

  it("by sepals' length without a penalty, against setosa", async () => {
    const model = await new LogisticRegression(free).fit(columnsOf(x, [0]), y)
    const wanted = [
      [1, 'intercept', '-26.081936', '4.889273'],
      [1, 'x0', '4.815691', '0.906838'],
      [2, 'intercept', '-38.759001', '5.690675'],
      [2, 'x0', '6.846399', '1.022223'],
    ] as const
    for (const [i, row] of model.coefficientTable().entries()) {
      const [label, term, coefficient, standardError] = wanted[i]!
      expect([row.class, row.term]).toEqual([label, term])
      expectPrinted(row.coefficient, coefficient)
      expectPrinted(row.standardError, standardError)
    }
    expectPrinted(model.logLikelihood, '-91.033966')
    expectPrinted(model.nullLogLikelihood, '-164.791843')
  })

  it.each(['newton', 'lbfgs'] as const)('setosa and the rest are separated (%s)', async (solver) => {
    const setosa = Array.from(y, (code) => (code === 0 ? 'setosa' : 'other'))
    const model = await new LogisticRegression({ ...free, solver, tol: 1e-10 }).fit(x, setosa)
    expect(model.separated).toBe(true)
    expect(model.converged).toBe(false)
    expect(model.coef.data.every(Number.isFinite)).toBe(true)
    expect(await model.score(x, setosa)).toBe(1)
    expect(model.coefficientTable()[0]!.standardError).toBeNaN()
    expect(model.summary()).toContain('NOT CONVERGED: features tell classes apart')
  })

  it('all four features separate setosa from the rest of three classes', async () => {
    const model = await new LogisticRegression(free).fit(x, y)
    expect(model.separated).toBe(true)
    expect(model.converged).toBe(false)
    expect(await model.score(x, y)).toBeGreaterThan(0.97)
  })
})

describe('LogisticRegression', () => {
  it('notices that classes touch but do not overlap', async () => {
    const model = await new LogisticRegression(free).fit([[0], [1], [1], [2]], [0, 0, 1, 1])
    expect(model.separated).toBe(true)
    expect(model.converged).toBe(false)
    expect(model.coef.data.every(Number.isFinite)).toBe(true)
  })

  it('takes overlapping classes with large coefficients for what they are', async () => {
    const x = Array.from({ length: 60 }, (_, i) => [i])
    const y = x.map(([i]) => Number(i! >= 30))
    ;[y[29], y[30]] = [1, 0]
    const model = await new LogisticRegression(free).fit(x, y)
    expect(model.separated).toBe(false)
    expect(model.converged).toBe(true)
    expect(model.coef.get(0, 0)).toBeGreaterThan(1)
  })

  it('counts samples by their weights and their classes', async () => {
    const options = { tol: 1e-10 }
    const weighted = await new LogisticRegression(options).fit(hours, study.passed, {
      sampleWeight: study.hours.map((_, i) => i % 3),
    })
    const kept = study.hours.flatMap((_, i) => Array.from({ length: i % 3 }, () => i))
    const repeated = await new LogisticRegression(options).fit(
      kept.map((i) => hours[i]!),
      kept.map((i) => study.passed[i]!),
    )
    expect(weighted.coef.get(0, 0)).toBeCloseTo(repeated.coef.get(0, 0), 9)
    const classes = [1, 1, 1, 2]
    const rows = [[0], [1], [2], [1.5]]
    const balanced = await new LogisticRegression({ ...options, classWeight: 'balanced' }).fit(rows, classes)
    const named = await new LogisticRegression({ ...options, classWeight: { 1: 4 / 6, 2: 2 } }).fit(
      rows,
      classes,
    )
    expect(balanced.coef.get(0, 0)).toBeCloseTo(named.coef.get(0, 0), 10)
    await expect(new LogisticRegression({ classWeight: { 3: 1 } }).fit(rows, classes)).rejects.toThrow(
      "classWeight names the class '3', which no sample has; classes are 1, 2",
    )
  })

  it('leaves columns that depend on others without standard errors', async () => {
    const x = study.hours.map((value) => [value, 2 * value])
    const model = await new LogisticRegression(free).fit(x, study.passed)
    const single = await new LogisticRegression(free).fit(hours, study.passed)
    expect(model.logLikelihood).toBeCloseTo(single.logLikelihood, 8)
    expect(model.coef.get(0, 0) + 2 * model.coef.get(0, 1)).toBeCloseTo(single.coef.get(0, 0), 6)
    expect(model.coefficientTable()[1]!.standardError).toBeNaN()
  })

  it('comes back from JSON with all that it knows', async () => {
    const model = await new LogisticRegression(free).fit(hours, study.passed)
    const text = JSON.stringify(model)
    const copy = (await estimatorFromJson(JSON.parse(text))) as LogisticRegression
    expect(await copy.predictProba(hours)).toEqual(await model.predictProba(hours))
    expect(copy.summary()).toBe(model.summary())
    const damages: ((fitted: { [key: string]: unknown }) => void)[] = [
      (fitted) => Object.assign(fitted, { intercept: [1, 2] }),
      (fitted) => Object.assign(fitted, { coef: { rows: 2, columns: 1, data: [1, 2] } }),
      (fitted) => Object.assign(fitted, { classes: ['only'] }),
      (fitted) => Object.assign(fitted, { covariance: { rows: 1, columns: 1, data: [1] } }),
      (fitted) => Object.assign(fitted, { converged: 'yes' }),
    ]
    for (const damage of damages) {
      const state = JSON.parse(text)
      damage(state.fitted)
      await expect(estimatorFromJson(state)).rejects.toThrow(StateError)
    }
  })

  it('refuses what it cannot use', async () => {
    expect(() => new LogisticRegression({ C: 0 })).toThrow('C is 0; it must be a number above 0')
    expect(() => new LogisticRegression({ penalty: 'l3' as 'l1' })).toThrow("penalty is 'l3'")
    expect(() => new LogisticRegression({ penalty: 'l1', solver: 'lbfgs' })).toThrow("cannot do penalty 'l1'")
    expect(() => new LogisticRegression({ l1Ratio: 2 })).toThrow(InputError)
    await expect(new LogisticRegression().fit([[1], [2]], ['a', 'a'])).rejects.toThrow('of one class')
    await expect(new LogisticRegression().fit([[1], [Number.NaN]], ['a', 'b'])).rejects.toThrow('row 1')
  })
})
