import { describe, expect, it } from 'vitest'
import { estimatorFromJson, InputError, LinearSVC, StateError } from '../../src/classical/index.ts'
import { type DatasetName, loaded } from './datasets.ts'
import expected from './expected/svm.json' with { type: 'json' }
import { near, split } from './svm-data.ts'

describe('LinearSVC', () => {
  it('separates versicolor from virginica', async () => {
    const data = loaded('iris')
    if (data === undefined) return
    const rows = Array.from({ length: 100 }, (_, i) => 50 + i)
    const model = await new LinearSVC({ tol: 1e-10 }).fit(
      data.x.take(rows),
      rows.map((i) => data.y[i]!),
    )
    near(model.coef.data, [-0.850591, -0.986555, 1.381037, 1.86512], 6)
    near(model.intercept, [-1.710793], 6)
  })

  it.each(Object.entries(expected.linear).filter(([key]) => !key.endsWith('weighted')))(
    'learns what scikit-learn learns: %s',
    async (key, wanted) => {
      const [name, loss] = key.split(' ') as [DatasetName, string]
      const data = split(name)
      if (data === undefined) return
      const options =
        loss === 'hinge'
          ? ({ loss: 'hinge', tol: 1e-9, maxIter: 1e6 } as const)
          : ({ loss: 'squaredHinge', tol: 1e-12 } as const)
      const model = await new LinearSVC(options).fit(data.x, data.y)
      expect(model.converged).toBe(true)
      const digits = loss === 'hinge' ? 6 : 8
      const coef =
        name === 'digits'
          ? Array.from({ length: 10 }, (_, r) => Array.from(model.coef.row(r).slice(20, 23))).flat()
          : model.coef.data
      near(coef, wanted.coef, digits)
      near(model.intercept, wanted.intercept, digits)
      const predicted = await model.predict(data.held)
      expect(predicted.map((label) => model.classes.indexOf(label)).join('')).toBe(
        (wanted as { predicted: string }).predicted,
      )
      const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as LinearSVC
      expect(await copy.decisionFunction(data.held)).toEqual(await model.decisionFunction(data.held))
    },
  )

  it.each([
    ['wine', { 1: 2, 3: 0.5 }],
    ['pima', { 0: 2, 1: 0.5 }],
  ] as const)(
    'weighs samples and classes, and scales the intercept, as scikit-learn: %s',
    async (name, classWeight) => {
      const data = split(name)
      if (data === undefined) return
      const sampleWeight = data.y.map((_, i) => (i % 11 === 0 ? 0 : (i % 5) + 0.5))
      const options = { C: 0.1, interceptScaling: 10, classWeight, tol: 1e-12 }
      const model = await new LinearSVC(options).fit(data.x, data.y, { sampleWeight })
      const wanted = expected.linear[`${name} weighted`]
      near(model.coef.data, wanted.coef, 8)
      near(model.intercept, wanted.intercept, 8)
    },
  )

  it('has the same optimum in the dual and in the primal', async () => {
    const data = split('wine')
    if (data === undefined) return
    const primal = await new LinearSVC({ dual: false, tol: 1e-10 }).fit(data.x, data.y)
    const dual = await new LinearSVC({ dual: true, tol: 1e-10, maxIter: 1e5, seed: 3 }).fit(data.x, data.y)
    near(dual.coef.data, primal.coef.data, 8)
    expect(dual.converged).toBe(true)
  })

  it('has no intercept where none is wanted', async () => {
    const model = await new LinearSVC({ fitIntercept: false, tol: 1e-10 }).fit([[1], [3]], ['a', 'b'])
    // The minimum of w^2 / 2 + (1 + w)^2 + max(0, 1 - 3 w)^2: w + 2 (1 + w) - 6 (1 - 3 w) = 0.
    near(model.coef.data, [4 / 21], 10)
    expect(Array.from(model.intercept)).toEqual([0])
  })

  it('says where it did not converge', async () => {
    const data = split('wine')
    if (data === undefined) return
    const model = await new LinearSVC({ loss: 'hinge', maxIter: 2, tol: 1e-9 }).fit(data.x, data.y)
    expect(model.converged).toBe(false)
    expect(Array.from(model.iterations)).toEqual([2, 2, 2])
  })

  it('refuses what does not fit', async () => {
    expect(() => new LinearSVC({ C: -1 })).toThrow('C is -1; it must be a number above 0')
    expect(() => new LinearSVC({ loss: 'log' as 'hinge' })).toThrow(InputError)
    expect(() => new LinearSVC({ loss: 'hinge', dual: false })).toThrow('the hinge has no primal solver')
    expect(() => new LinearSVC({ dual: 1 as never })).toThrow('dual is 1; it must be true or false')
    await expect(new LinearSVC().fit([[1], [2]], [7, 7])).rejects.toThrow('all 2 samples are of one class')
    const json = JSON.parse(JSON.stringify(await new LinearSVC().fit([[1], [3]], ['a', 'b'])))
    for (const damage of [
      { coef: { rows: 2, columns: 1, data: [1, 2] } },
      { intercept: [] },
      { iterations: [-1] },
    ]) {
      await expect(estimatorFromJson({ ...json, fitted: { ...json.fitted, ...damage } })).rejects.toThrow(
        StateError,
      )
    }
  })
})
