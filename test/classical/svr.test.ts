import { describe, expect, it } from 'vitest'
import { estimatorFromJson, InputError, SVR, type SVROptions } from '../../src/classical/index.ts'
import expected from './expected/svm.json' with { type: 'json' }
import { near, split } from './svm-data.ts'

describe('SVR', () => {
  it('ignores what is within epsilon, and bounds what is far out', async () => {
    const x = [[1], [2], [3], [4], [5]]
    const model = await new SVR({ kernel: 'linear' }).fit(x, [1, 2, 3, 4, 10])
    near(model.coef.data, [1])
    near(model.intercept, [0.1])
    expect(Array.from(model.support)).toEqual([3, 4])
    near(model.dualCoef.data, [-1, 1])
  })

  it.each(Object.entries(expected.svr))('learns what scikit-learn learns: %s', async (key, wanted) => {
    const data = split('housing')
    if (data === undefined) return
    const options: SVROptions = {
      tol: 1e-8,
      ...{
        linear: { kernel: 'linear' as const },
        rbf: { C: 10, epsilon: 0.5 },
        poly: { kernel: 'poly' as const, degree: 2, coef0: 1 },
      }[key],
    }
    const y = data.y.map(Number)
    const model = await new SVR(options).fit(data.x, y)
    expect(model.support.length).toBe(wanted.support)
    near(model.intercept, wanted.intercept, 5)
    const first = data.held.take(Array.from({ length: 12 }, (_, i) => i))
    near(await model.predict(first), wanted.predicted, 5)
    const weighted = await new SVR(options).fit(data.x, y, { sampleWeight: data.weights })
    near(await weighted.predict(first), wanted.weighted, 5)
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as SVR
    expect(await copy.predict(data.held)).toEqual(await model.predict(data.held))
  })

  it('is constant where all targets are within epsilon', async () => {
    const model = await new SVR().fit([[1], [2], [3]], [5, 5.05, 5.1])
    expect(model.support.length).toBe(0)
    expect((await model.predict([[9]]))[0]).toBeCloseTo(5.05, 10)
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as SVR
    expect(await copy.predict([[9]])).toEqual(await model.predict([[9]]))
  })

  it('refuses options out of range', () => {
    expect(() => new SVR({ epsilon: -1 })).toThrow('epsilon is -1; it must be a number at least 0')
    expect(() => new SVR({ maxIter: 1.5 })).toThrow(InputError)
  })
})
