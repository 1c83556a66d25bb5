import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  InputError,
  Matrix,
  StateError,
  SVC,
  type SVCOptions,
} from '../../src/classical/index.ts'
import { KernelRows } from '../../src/classical/svm/kernel-rows.ts'
import { Generator } from '../../src/tensor/index.ts'
import { near, split } from './svm-data.ts'

const corners = [
  [-1, -1],
  [-2, -1],
  [1, 1],
  [2, 1],
]
describe('SVC', () => {
  it('learns the same with and without shrinking, and with room for two rows only', async () => {
    const data = split('pima')
    if (data === undefined) return
    const plain = await new SVC({ tol: 1e-6 }).fit(data.x, data.y)
    const held = await plain.decisionFunction(data.held)
    for (const options of [{ shrinking: false }, { cacheSize: 0.001 }]) {
      const model = await new SVC({ tol: 1e-6, ...options }).fit(data.x, data.y)
      near((await model.decisionFunction(data.held)).data, held.data, 4)
    }
  })

  it('learns from float32 products of the engine what it learns in float64', async () => {
    const [rows, columns] = [300, 2000]
    const generator = new Generator(3)
    const x = new Matrix(rows, columns)
    for (let i = 0; i < rows; i++) {
      const row = x.row(i)
      for (let c = 0; c < columns; c++) row[c] = 5 + generator.normal() + (i % 2) * 0.04
    }
    const y = Array.from({ length: rows }, (_, i) => i % 2)
    for (const options of [
      { kernel: 'rbf', tol: 1e-2 },
      { kernel: 'poly', degree: 2 },
    ] as const) {
      const large = await new SVC(options).fit(x, y)
      // A few samples at a time stay below the size from which the engine is used.
      const decisions = await large.decisionFunction(x)
      for (const i of [0, 1, 150, 299]) {
        const alone = await large.decisionFunction([x.row(i)])
        if (options.kernel === 'rbf') expect(alone.data).not.toEqual(decisions.row(i))
        near(alone.data, decisions.row(i), 4)
      }
      const kernel = { name: options.kernel, gamma: large.gamma, coef0: 0, degree: 2 } as const
      const floats = await (await KernelRows.of(x, kernel, 1)).load(5, () => [6, 7])
      const exact = await (await KernelRows.of(x.take([5, 6, 7]), kernel, 1)).load(0, () => [])
      expect(floats.length).toBe(rows)
      for (const [j, value] of exact.entries()) expect(floats[5 + j]! / value).toBeCloseTo(1, 5)
    }
  })

  it('stops at maxIter, and says so', async () => {
    const data = split('pima')
    if (data === undefined) return
    const model = await new SVC({ maxIter: 10 }).fit(data.x, data.y)
    expect(model.converged).toBe(false)
    expect(Array.from(model.iterations)).toEqual([10])
  })

  it('decides between equal votes by the decision values where asked', async () => {
    const generator = new Generator(8)
    const x = Array.from({ length: 60 }, () => [generator.normal(), generator.normal()])
    const y = x.map((_, i) => i % 3)
    const queries = Array.from({ length: 2000 }, () => [generator.normal(), generator.normal()])
    const votes = await (await new SVC({ C: 10 }).fit(x, y)).predict(queries)
    const model = await new SVC({ C: 10, breakTies: true }).fit(x, y)
    const broken = await model.predict(queries)
    const decisions = await model.decisionFunction(queries)
    expect(broken).toEqual(queries.map((_, i) => decisions.row(i).indexOf(Math.max(...decisions.row(i)))))
    expect(broken).not.toEqual(votes)
  })

  it.each([
    [{ C: 0 }, 'C is 0; it must be a number above 0'],
    [{ kernel: 'gauss' }, "kernel is 'gauss'"],
    [{ gamma: 'big' }, "gamma is 'big'"],
    [{ gamma: -1 }, 'gamma is -1; it must be a number at least 0'],
    [{ degree: 1.5 }, 'degree is 1.5'],
    [{ tol: 0 }, 'tol is 0'],
    [{ cacheSize: 0 }, 'cacheSize is 0'],
    [{ classWeight: 'equal' }, "classWeight is 'equal'"],
    [{ classWeight: { a: -1 } }, "classWeight of 'a' is -1"],
    [{ decisionFunctionShape: 'ovo', breakTies: true }, 'breakTies needs'],
    [{ c: 1 }, "no option 'c'"],
  ])('refuses %o', (options, message) => {
    expect(() => new SVC(options as SVCOptions)).toThrow(InputError)
    expect(() => new SVC(options as SVCOptions)).toThrow(message)
  })

  it('refuses what it cannot learn from', async () => {
    await expect(new SVC().fit([[1], [2]], ['a', 'a'])).rejects.toThrow('all 2 samples are of one class')
    await expect(new SVC().fit([[1], [Number.NaN]], ['a', 'b'])).rejects.toThrow('x is NaN in row 1')
    await expect(new SVC({ classWeight: { c: 2 } }).fit([[1], [2]], ['a', 'b'])).rejects.toThrow(
      "classWeight names 'c', which is no class",
    )
    await expect(new SVC().fit([[1], [2]], ['a', 'b'], { sampleWeight: [1, 0] })).rejects.toThrow(
      "all samples of class 'b' weigh 0",
    )
    const model = await new SVC().fit([[1], [2]], ['a', 'b'])
    expect(() => model.coef).toThrow("coef exists with kernel 'linear' only")
    await expect(model.predictProba([[1]])).rejects.toThrow('fit new SVC({ probability: true })')
  })

  it('refuses damaged JSON', async () => {
    const model = await new SVC({ probability: true }).fit(corners, [1, 1, 2, 3])
    const json = JSON.parse(JSON.stringify(model))
    const { fitted } = json
    for (const damage of [
      { nSupport: [1, 1, 1] },
      { nSupport: [-1, 3, 2] },
      { intercept: [0] },
      { dualCoef: { rows: 2, columns: 1, data: [1, 2] } },
      { supportVectors: { ...fitted.supportVectors, rows: 1e9 } },
      { support: [0] },
      { probA: [] },
      { classes: [1] },
      { gamma: 'wide' },
      { converged: 1 },
    ]) {
      await expect(
        estimatorFromJson({ ...json, fitted: { ...fitted, ...damage } }),
        JSON.stringify(damage),
      ).rejects.toThrow(StateError)
    }
  })
})
