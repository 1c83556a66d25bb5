import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  InputError,
  LinearRegression,
  StateError,
  Table,
} from '../../src/classical/index.ts'
import {
  anscombe,
  asRows,
  cars,
  columnsOf,
  fisherIris,
  longley,
  longleyNames,
  masses,
  mtcars,
  norris,
  women,
} from './textbook-data.ts'

/** Whether a number is another to so many significant digits. */
function expectDigits(actual: number, wanted: number, digits: number): void {
  const error = Math.abs(actual - wanted) / Math.abs(wanted)
  expect(error, `${actual} against ${wanted}`).toBeLessThan(0.5 * 10 ** (1 - digits))
}

/** Whether a number is printed so. */
function expectPrinted(actual: number, printed: string): void {
  const decimals = printed.split('.')[1]?.length ?? 0
  expect(Math.abs(actual - Number(printed)), `${actual} against ${printed}`).toBeLessThan(
    0.51 * 10 ** -decimals,
  )
}

const longleyX = Table.fromRows(
  longley.map((row) => row.slice(1)),
  longleyNames,
)
const longleyY = longley.map(([y]) => y!)

describe("NIST's certified values, to 9 digits and more", () => {
  it('Norris', async () => {
    const model = await new LinearRegression().fit(
      norris.map(([, x]) => [x]),
      norris.map(([y]) => y),
    )
    expectDigits(model.intercept, -0.262323073774029, 11)
    expectDigits(model.coef[0]!, 1.00211681802045, 13)
    const [forIntercept, forSlope] = model.standardErrors
    expectDigits(forIntercept!, 0.232818234301152, 11)
    expectDigits(forSlope!, 0.000429796848199937, 11)
    expectDigits(model.residualStandardError, 0.884796396144373, 11)
    expectDigits(model.rSquared, 0.999993745883712, 13)
    expectDigits(model.fStatistic, 5436385.54079785, 11)
    expectDigits(model.regressionSumOfSquares, 4255954.13232369, 13)
    expectDigits(model.residualSumOfSquares, 26.6173985294224, 11)
  })

  it('Longley', async () => {
    const model = await new LinearRegression().fit(longleyX, longleyY)
    const certified: [string, number, number, number, number][] = [
      ['intercept', -3482258.63459582, 890420.383607373, -3.910803, 0.0035604],
      ['GNPDEFL', 15.0618722713733, 84.9149257747669, 0.177376, 0.863141],
      ['GNP', -0.035819179292591, 0.0334910077722432, -1.069516, 0.312681],
      ['UNEMP', -2.02022980381683, 0.488399681651699, -4.136427, 0.00253509],
      ['ARMED', -1.03322686717359, 0.214274163161675, -4.821985, 0.000944367],
      ['POP', -0.0511041056535807, 0.22607320006937, -0.226051, 0.826212],
      ['YEAR', 1829.15146461355, 455.478499142212, 4.01589, 0.0030368],
    ]
    for (const [i, row] of model.coefficientTable().entries()) {
      const [term, coefficient, standardError, t, p] = certified[i]!
      expect(row.term).toBe(term)
      expectDigits(row.coefficient, coefficient, 9)
      expectDigits(row.standardError, standardError, 9)
      expectDigits(row.statistic, t, 6)
      expectDigits(row.pValue, p, 5)
    }
    expectDigits(model.residualStandardError, 304.854073561965, 9)
    expectDigits(model.rSquared, 0.995479004577296, 12)
    expectPrinted(model.adjustedRSquared, '0.9924650076')
    expectDigits(model.fStatistic, 330.285339234588, 9)
    expectDigits(model.fPValue, 4.98403e-10, 6)
    expectDigits(model.regressionSumOfSquares, 184172401.944494, 9)
    expectDigits(model.residualSumOfSquares, 836424.055505915, 9)
    expect(model.degreesOfFreedom).toBe(9)
    expectPrinted(model.aic, '233.234870')
    expectPrinted(model.durbinWatson, '2.559488')
  })
})

interface Case {
  readonly name: string
  readonly x: number[][]
  readonly y: readonly number[]
  /** Each term's coefficient and standard error. */
  readonly coefficients: readonly [string, string][]
  readonly fit: { r2: string; adjusted?: string; s: string; f: string }
  readonly t?: string[]
  readonly p?: number[]
}

const anscombeFits: [string, string, string, string, string, string, string][] = [
  ['3.000091', '1.124747', '0.500091', '0.117906', '0.666542', '1.236603', '17.989943'],
  ['3.000909', '1.125302', '0.500000', '0.117964', '0.666242', '1.237214', '17.965648'],
  ['3.002455', '1.124481', '0.499727', '0.117878', '0.666324', '1.236311', '17.972276'],
  ['3.001727', '1.123921', '0.499909', '0.117819', '0.666707', '1.235695', '18.003288'],
]

const iris = fisherIris()
const cases: Case[] = [
  ...anscombeFits.map(([b0, e0, b1, e1, r2, s, f], i) => ({
    name: `Anscombe ${i + 1}`,
    x: asRows(anscombe[i]!.x),
    y: anscombe[i]!.y,
    coefficients: [
      [b0, e0],
      [b1, e1],
    ] as [string, string][],
    fit: { r2, s, f },
    ...(i === 0 && { t: ['2.667348', '4.241455'], p: [0.025734, 0.00217] }),
  })),
  {
    name: 'women',
    x: asRows(women.height),
    y: women.weight,
    coefficients: [
      ['-87.516667', '5.936944'],
      ['3.45', '0.0911365'],
    ],
    fit: { r2: '0.991010', s: '1.525005', f: '1433.024' },
  },
  {
    name: 'cars',
    x: asRows(cars.speed),
    y: cars.distance,
    coefficients: [
      ['-17.579095', '6.758440'],
      ['3.932409', '0.415513'],
    ],
    fit: { r2: '0.651079', adjusted: '0.643810', s: '15.379587', f: '89.567107' },
    t: ['-2.601058', '9.463990'],
    p: [0.012318816, 1.489836e-12],
  },
  {
    name: 'mtcars by weight',
    x: mtcars.map(([, , wt]) => [wt]),
    y: mtcars.map(([mpg]) => mpg),
    coefficients: [
      ['37.285126', '1.877627'],
      ['-5.344472', '0.559101'],
    ],
    fit: { r2: '0.752833', s: '3.045882', f: '91.375325' },
  },
  {
    name: 'mtcars by weight and power',
    x: mtcars.map(([, hp, wt]) => [wt, hp]),
    y: mtcars.map(([mpg]) => mpg),
    coefficients: [
      ['37.227270', '1.598788'],
      ['-3.877831', '0.632733'],
      ['-0.0317729', '0.0090297'],
    ],
    fit: { r2: '0.826785', adjusted: '0.814840', s: '2.593412', f: '69.211213' },
  },
  {
    name: 'masses by height',
    x: asRows(masses.height),
    y: masses.mass,
    coefficients: [
      ['-39.061956', '2.938001'],
      ['61.272187', '1.775923'],
    ],
    fit: { r2: '0.989197', s: '0.759076', f: '1190.361' },
  },
  ...(iris === undefined
    ? []
    : [
        {
          name: "iris: petals' width by length",
          x: columnsOf(iris.x, [2]).toArray(),
          y: Array.from(iris.x.column(3)),
          coefficients: [
            ['-0.363076', '0.039762'],
            ['0.415755', '0.009582'],
          ] as [string, string][],
          fit: { r2: '0.927110', s: '0.206484', f: '1882.452' },
        },
        {
          name: "iris: sepals' length by the rest",
          x: columnsOf(iris.x, [1, 2, 3]).toArray(),
          y: Array.from(iris.x.column(0)),
          coefficients: [
            ['1.855997', '0.250777'],
            ['0.650837', '0.066647'],
            ['0.709132', '0.056719'],
            ['-0.556483', '0.127548'],
          ] as [string, string][],
          fit: { r2: '0.858612', adjusted: '0.855706', s: '0.314549', f: '295.539' },
        },
      ]),
]

describe('LinearRegression', () => {
  it.each(cases)('$name', async ({ x, y, coefficients, fit, t, p }) => {
    const model = await new LinearRegression().fit(x, y)
    const rows = model.coefficientTable()
    for (const [i, [coefficient, standardError]] of coefficients.entries()) {
      expectPrinted(rows[i]!.coefficient, coefficient)
      expectPrinted(rows[i]!.standardError, standardError)
      if (t) expectPrinted(rows[i]!.statistic, t[i]!)
      if (p) expect(Math.abs(rows[i]!.pValue / p[i]! - 1)).toBeLessThan(1e-3)
    }
    expectPrinted(model.rSquared, fit.r2)
    expectPrinted(model.residualStandardError, fit.s)
    expectPrinted(model.fStatistic, fit.f)
    if (fit.adjusted) expectPrinted(model.adjustedRSquared, fit.adjusted)
    expect(await model.score(x, y)).toBeCloseTo(model.rSquared, 12)
  })

  it('gives intervals of coefficients', async () => {
    const model = await new LinearRegression().fit(asRows(masses.height), masses.mass)
    const [intercept, slope] = model.coefficientTable({ level: 0.95 })
    expectPrinted(slope!.lower, '57.435539')
    expectPrinted(slope!.upper, '65.108834')
    expectPrinted(intercept!.lower, '-45.409121')
    expectPrinted(intercept!.upper, '-32.714791')
    expect(() => model.coefficientTable({ level: 95 })).toThrow('it must be between 0 and 1')
  })

  it('gives intervals of predictions, by the formulas of one feature', async () => {
    const model = await new LinearRegression().fit(asRows(cars.speed), cars.distance)
    const { values, confidence, prediction } = await model.predictIntervals([[10], [21]], { level: 0.9 })
    const n = cars.speed.length
    const mean = cars.speed.reduce((sum, value) => sum + value, 0) / n
    const sxx = cars.speed.reduce((sum, value) => sum + (value - mean) ** 2, 0)
    // Student's t with 48 degrees of freedom at 0.95
    const reach = 1.6772241961243386 * model.residualStandardError
    for (const [i, x] of [10, 21].entries()) {
      const spread = 1 / n + (x - mean) ** 2 / sxx
      expect(values[i]).toBeCloseTo(model.intercept + model.coef[0]! * x, 12)
      expect(confidence.lower[i]).toBeCloseTo(values[i]! - reach * Math.sqrt(spread), 9)
      expect(confidence.upper[i]).toBeCloseTo(values[i]! + reach * Math.sqrt(spread), 9)
      expect(prediction.lower[i]).toBeCloseTo(values[i]! - reach * Math.sqrt(1 + spread), 9)
      expect(prediction.upper[i]).toBeCloseTo(values[i]! + reach * Math.sqrt(1 + spread), 9)
    }
  })

  it('finds what each sample weighs, as leaving it out shows', async () => {
    const x = longley.map((row) => row.slice(4))
    const model = await new LinearRegression().fit(x, longleyY)
    const { leverage, cooksDistance, residuals, fitted } = await model.influence(x, longleyY)
    expect(leverage.reduce((sum, value) => sum + value, 0)).toBeCloseTo(4, 9)
    const keep = x.map((_, i) => i).filter((i) => i !== 4)
    const without = await new LinearRegression().fit(
      keep.map((i) => x[i]!),
      keep.map((i) => longleyY[i]!),
    )
    const moved = (await without.predict(x)).map((value, i) => value - fitted[i]!)
    const cook = moved.reduce((sum, value) => sum + value ** 2, 0) / 4 / model.residualStandardError ** 2
    expect(cooksDistance[4]! / cook).toBeCloseTo(1, 8)
    const left = longleyY[4]! - (await without.predict([x[4]!]))[0]!
    expect(residuals[4]! / (1 - leverage[4]!) / left).toBeCloseTo(1, 8)
  })

  it('counts samples by their weights', async () => {
    const [x, y] = [
      [[1], [2], [3], [4], [9]],
      [1, 3, 2, 5, 100],
    ]
    const weighted = await new LinearRegression().fit(x, y, { sampleWeight: [1, 2, 1, 1, 0] })
    const repeated = await new LinearRegression().fit([[1], [2], [2], [3], [4]], [1, 3, 3, 2, 5])
    expect(weighted.coef[0]).toBeCloseTo(repeated.coef[0]!, 12)
    expect(weighted.intercept).toBeCloseTo(repeated.intercept, 12)
    expect(weighted.observations).toBe(4)
    const doubled = await new LinearRegression().fit(x, y, { sampleWeight: [2, 4, 2, 2, 0] })
    for (const [i, value] of weighted.standardErrors.entries()) {
      expect(doubled.standardErrors[i]).toBeCloseTo(value, 12)
    }
  })

  it('passes through the origin where it is told to', async () => {
    const model = await new LinearRegression({ fitIntercept: false }).fit([[1], [2], [3]], [2, 4, 7])
    expect(model.coef[0]).toBeCloseTo(31 / 14, 12)
    expect(model.intercept).toBe(0)
    expect(model.terms).toEqual(['x0'])
    expect(model.rSquared).toBeCloseTo(31 ** 2 / 14 / 69, 12)
    expect(model.degreesOfFreedom).toBe(2)
  })

  it('says which columns depend on which, and predicts by the shortest solution', async () => {
    // numpy: LinearRegression().fit(x, y).coef_
    const rows = [
      [1, 2, 3, 0.1, 7],
      [2, 1, 3, 0.4, 7],
      [4, 3, 7, 0.2, 7],
      [3, 5, 8, 0.9, 7],
      [7, 1, 8, 0.3, 7],
      [5, 5, 10, 0.8, 7],
    ]
    const y = [1, 3, 2, 5, 4, 8]
    const x = Table.fromRows(rows, ['a', 'b', 'sum', 'other', 'constant'])
    const model = await new LinearRegression().fit(x, y)
    expect(model.rank).toBe(3)
    const names = new Set(['a', 'b', 'sum'])
    const [first, second] = model.dependentColumns
    expect(second).toEqual({ name: 'constant', of: [] })
    expect(new Set([first!.name, ...first!.of])).toEqual(names)
    const full = await new LinearRegression().fit(x.drop('sum', 'constant'), y)
    const [predicted, wanted] = [await model.predict(x), await full.predict(x)]
    for (const [i, value] of wanted.entries()) expect(predicted[i]).toBeCloseTo(value, 10)
    // With a + b = sum, the shortest coefficients have coef(a) + coef(b) = coef(sum) * 1 … : orthogonal to (1, 1, -1).
    const [a, b, sum, , constant] = model.coef
    expect(a! + b! - sum!).toBeCloseTo(0, 12)
    expect(constant).toBe(0)
    expect(model.standardErrors.every(Number.isNaN)).toBe(true)
    expect(model.rSquared).toBeCloseTo(full.rSquared, 12)
    expect(model.summary()).toMatch(/depends on/)
    await expect(model.predictIntervals(x)).rejects.toThrow('columns depend on others')
  })

  it('prints what is known', async () => {
    const model = await new LinearRegression().fit(longleyX, longleyY)
    expect(model.summary().split('\n')).toEqual([
      'LinearRegression: 16 samples, 9 degrees of freedom',
      '           coefficient  std error        t       p      2.5 %     97.5 %',
      'intercept     -3482259     890420   -3.911  0.0036   -5496529   -1467988',
      expect.stringContaining('GNPDEFL'),
      'GNP         -0.0358192   0.033491    -1.07  0.3127  -0.111581  0.0399427',
      ...Array.from({ length: 4 }, () => expect.any(String)),
      'R2 0.995479, adjusted 0.992465; F(6, 9) = 330.285, p 4.98e-10',
      'residual standard error 304.854; AIC 233.235; Durbin-Watson 2.559',
    ])
  })

  it('comes back from JSON with all that it knows', async () => {
    const model = await new LinearRegression().fit(longleyX, longleyY)
    const text = JSON.stringify(model)
    const copy = (await estimatorFromJson(JSON.parse(text))) as LinearRegression
    expect(await copy.predict(longleyX)).toEqual(await model.predict(longleyX))
    expect(copy.summary()).toBe(model.summary())
    expect(await copy.predictIntervals(longleyX)).toEqual(await model.predictIntervals(longleyX))
    const damaged = JSON.parse(text)
    damaged.fitted.coef.pop()
    await expect(estimatorFromJson(damaged)).rejects.toThrow(StateError)
    const other = JSON.parse(text)
    other.fitted.dependent = [{ column: 99, of: [] }]
    await expect(estimatorFromJson(other)).rejects.toThrow(StateError)
  })

  it('refuses what it cannot use', async () => {
    await expect(new LinearRegression().fit([[1], [2]], [1, Number.NaN])).rejects.toThrow('row 1')
    await expect(new LinearRegression().fit([[1], ['red']], [1, 2])).rejects.toThrow(InputError)
    const two = await new LinearRegression().fit([[1], [2]], [1, 2])
    expect(two.residualStandardError).toBeNaN()
    expect(two.coef[0]).toBeCloseTo(1, 12)
    await expect(two.predictIntervals([[1]])).rejects.toThrow('no degrees of freedom')
  })
})
