import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  InputError,
  LinearDiscriminantAnalysis,
  Matrix,
  QuadraticDiscriminantAnalysis,
  StateError,
  Table,
} from '../../src/classical/index.ts'
import { fisherIris } from './textbook-data.ts'

/** Whether a number is printed so. */
function expectPrinted(actual: number, printed: string): void {
  const decimals = printed.split('.')[1]?.length ?? 0
  expect(Math.abs(actual - Number(printed)), `${actual} against ${printed}`).toBeLessThan(
    0.51 * 10 ** -decimals,
  )
}

const toy = [
  [-1, -1],
  [-2, -1],
  [-3, -2],
  [1, 1],
  [2, 1],
  [3, 2],
]
const toyLabels = [1, 1, 1, 2, 2, 2]
const iris = fisherIris()

describe('LinearDiscriminantAnalysis', () => {
  it.each([
    ['maximumLikelihood', 12],
    ['unbiased', 8],
  ] as const)("scikit-learn's toy, %s", async (covariance, second) => {
    for (const solver of ['eigen', 'svd'] as const) {
      const model = await new LinearDiscriminantAnalysis({ covariance, solver }).fit(toy, toyLabels)
      expect(model.coef.get(0, 0)).toBeCloseTo(0, 10)
      expect(model.coef.get(0, 1)).toBeCloseTo(second, 10)
      expect(model.intercept[0]).toBeCloseTo(0, 10)
      expect(await model.predict([[-0.8, -1]])).toEqual([1])
    }
  })

  it('separates two classes along S^-1 (m1 - m0)', async () => {
    const model = await new LinearDiscriminantAnalysis().fit(toy, toyLabels)
    const axis = model.scalings.column(0)
    expect(axis[0]! / axis[1]!).toBeCloseTo(model.coef.get(0, 0) / model.coef.get(0, 1), 10)
    expect(model.explainedVarianceRatio[0]).toBeCloseTo(1, 12)
  })

  it('moves the border by priors', async () => {
    const even = await new LinearDiscriminantAnalysis({ priors: [1, 1] }).fit(toy, toyLabels)
    const uneven = await new LinearDiscriminantAnalysis({ priors: [0.9, 0.1] }).fit(toy, toyLabels)
    expect((await even.predictProba([[0, 0]])).get(0, 0)).toBeCloseTo(0.5, 12)
    expect((await uneven.predictProba([[0, 0]])).get(0, 0)).toBeCloseTo(0.9, 12)
    await expect(new LinearDiscriminantAnalysis({ priors: [1] }).fit(toy, toyLabels)).rejects.toThrow(
      '1 priors for 2 classes',
    )
  })

  it('names the columns that make the covariance singular', async () => {
    const rows = [
      [1, 2, 3, 7],
      [2, 1, 3, 7],
      [4, 3, 7, 7],
      [3, 5, 8, 7],
      [7, 1, 8, 7],
      [5, 5, 10, 7],
    ]
    const x = Table.fromRows(rows, ['a', 'b', 'sum', 'constant'])
    const model = new LinearDiscriminantAnalysis()
    await expect(model.fit(x, toyLabels)).rejects.toThrow('constant there are constant')
    await expect(model.fit(x.drop('constant'), toyLabels)).rejects.toThrow(
      "'sum' is a combination of a, b there",
    )
    await expect(model.fit(x, toyLabels)).rejects.toThrow(InputError)
    const regular = await model.fit(x.drop('constant', 'sum'), toyLabels)
    const svd = await new LinearDiscriminantAnalysis({ solver: 'svd' }).fit(x, toyLabels)
    const [wanted, found] = [await regular.predictProba(x), await svd.predictProba(x)]
    for (const [at, value] of wanted.data.entries()) expect(found.data[at]).toBeCloseTo(value, 9)
    const shrunk = await new LinearDiscriminantAnalysis({ shrinkage: 0.5 }).fit(x, toyLabels)
    expect(shrunk.coef.data.every(Number.isFinite)).toBe(true)
  })

  it('refuses options that it does not have', () => {
    expect(() => new LinearDiscriminantAnalysis({ shrinkage: 2 })).toThrow('shrinkage is 2')
    expect(() => new LinearDiscriminantAnalysis({ shrinkage: 'auto', solver: 'svd' })).toThrow(
      "must be one of 'eigen'",
    )
    expect(() => new LinearDiscriminantAnalysis({ priors: [0.5, -1] })).toThrow('a prior is -1')
    expect(() => new LinearDiscriminantAnalysis({ nComponents: 0 })).toThrow('nComponents')
  })
})

describe.skipIf(iris === undefined)('irises', () => {
  const { x, y } = iris ?? { x: new Matrix(0, 0), y: new Int32Array() }

  it("has R's axes", async () => {
    const model = await new LinearDiscriminantAnalysis({ covariance: 'unbiased' }).fit(x, y)
    expectPrinted(model.eigenvalues[0]!, '32.191929')
    expectPrinted(model.eigenvalues[1]!, '0.285391')
    expectPrinted(model.explainedVarianceRatio[0]!, '0.991213')
    expectPrinted(model.explainedVarianceRatio[1]!, '0.008787')
    expectPrinted(model.wilksLambda, '0.0234386')
    const axes = [
      ['0.829377642', '1.534473068', '-2.201211656', '-2.810460309'],
      ['0.024102149', '2.164521235', '-0.931921210', '2.839187853'],
    ]
    for (const [axis, printed] of axes.entries()) {
      const found = model.scalings.column(axis)
      const sign = Math.sign(found[1]! * Number(printed[1]))
      for (const [j, each] of printed.entries()) expectPrinted(sign * found[j]!, each)
    }
    const diagonal = ['0.265008163', '0.115387755', '0.185187755', '0.041881633']
    for (const [j, printed] of diagonal.entries()) expectPrinted(model.withinCovariance.get(j, j), printed)
    const off = [
      [0, 1, '0.092721088'],
      [0, 2, '0.167514286'],
      [0, 3, '0.038401361'],
      [1, 2, '0.055243537'],
      [1, 3, '0.032710204'],
      [2, 3, '0.042665306'],
    ] as const
    for (const [i, j, printed] of off) expectPrinted(model.withinCovariance.get(i, j), printed)
    const row = await model.predictProba(x.take([70]))
    expectPrinted(row.get(0, 1), '0.253228')
    expectPrinted(row.get(0, 2), '0.746772')
  })

  it('spreads samples along the axes with variance 1 within classes', async () => {
    const model = await new LinearDiscriminantAnalysis({ covariance: 'unbiased' }).fit(x, y)
    const along = await model.transform(x)
    expect(along.columns).toBe(2)
    for (const axis of [0, 1]) {
      let scatter = 0
      for (const c of [0, 1, 2]) {
        const values = Array.from(along.column(axis)).filter((_, i) => y[i] === c)
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length
        scatter += values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
      }
      expect(scatter / 147).toBeCloseTo(1, 10)
    }
    const one = await new LinearDiscriminantAnalysis({ nComponents: 1 }).fit(x, y)
    expect((await one.transform(x)).columns).toBe(1)
  })

  it('mistakes the same three for another class', async () => {
    const model = await new LinearDiscriminantAnalysis().fit(x, y)
    const predicted = await model.predict(x)
    expect(predicted.flatMap((label, i) => (label === y[i] ? [] : [i]))).toEqual([70, 83, 133])
    expect(await model.score(x, y)).toBeCloseTo(0.98, 12)
    const row = await model.predictProba(x.take([70]))
    expectPrinted(row.get(0, 1), '0.249077')
    expectPrinted(row.get(0, 2), '0.750923')
    const coef = [
      ['6.443631', '12.387058', '-17.292270', '-21.193933'],
      ['-1.562448', '-4.465350', '4.791495', '3.125087'],
      ['-4.881183', '-7.921708', '12.500775', '18.068846'],
    ]
    for (const [c, printed] of coef.entries()) {
      for (const [j, each] of printed.entries()) expectPrinted(model.coef.get(c, j), each)
    }
    for (const [c, printed] of ['-15.771290', '-2.040818', '-34.199709'].entries()) {
      expectPrinted(model.intercept[c]!, printed)
    }
  })

  it('QDA has 98 % right', async () => {
    const model = await new QuadraticDiscriminantAnalysis().fit(x, y)
    expect(await model.score(x, y)).toBeCloseTo(0.98, 12)
  })

  it.each([new LinearDiscriminantAnalysis(), new QuadraticDiscriminantAnalysis()])(
    'comes back from JSON: $method',
    async (model) => {
      const labels = Array.from(y, (code) => ['setosa', 'versicolor', 'virginica'][code]!)
      await model.fit(x, labels)
      const text = JSON.stringify(model)
      const copy = (await estimatorFromJson(JSON.parse(text))) as typeof model
      expect(await copy.predictProba(x)).toEqual(await model.predictProba(x))
      expect(await copy.predict(x)).toEqual(await model.predict(x))
      const damages: ((fitted: { [key: string]: unknown }) => void)[] = [
        (fitted) => Object.assign(fitted, { priors: [1] }),
        (fitted) => Object.assign(fitted, { means: { rows: 3, columns: 4, data: [1] } }),
        (fitted) => Object.assign(fitted, { classes: ['only'] }),
        (fitted) => {
          fitted.covariances = []
          fitted.scalings = 7
        },
      ]
      for (const damage of damages) {
        const state = JSON.parse(text)
        damage(state.fitted)
        await expect(estimatorFromJson(state)).rejects.toThrow(StateError)
      }
    },
  )
})

describe('QuadraticDiscriminantAnalysis', () => {
  it('tells a narrow class from a wide one with the same mean', async () => {
    const x = [[-1], [1], [0.5], [-0.5], [-9], [9], [8], [-8]]
    const y = ['narrow', 'narrow', 'narrow', 'narrow', 'wide', 'wide', 'wide', 'wide']
    const model = await new QuadraticDiscriminantAnalysis().fit(x, y)
    expect(await model.score(x, y)).toBe(1)
    expect(model.covariances[0]!.get(0, 0)).toBeCloseTo(2.5 / 3, 12)
  })

  it('says which class has too few samples, and which column', async () => {
    const model = new QuadraticDiscriminantAnalysis()
    await expect(model.fit([[1], [2], [3]], ['a', 'a', 'b'])).rejects.toThrow("class 'b' has one sample")
    const x = Table.fromRows(
      [
        [1, 2],
        [2, 4],
        [3, 6],
        [1, 1],
        [2, 5],
        [3, 1],
      ],
      ['u', 'v'],
    )
    await expect(model.fit(x, ['a', 'a', 'a', 'b', 'b', 'b'])).rejects.toThrow(
      "covariance of class 'a' (3 samples) is singular: 'v' is a combination of u there",
    )
    const regular = await new QuadraticDiscriminantAnalysis({ regParam: 0.1 }).fit(x, [
      'a',
      'a',
      'a',
      'b',
      'b',
      'b',
    ])
    expect((await regular.predictProba(x)).data.every(Number.isFinite)).toBe(true)
  })
})
