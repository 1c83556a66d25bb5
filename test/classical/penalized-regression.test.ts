import { describe, expect, it } from 'vitest'
import { estimatorFromJson, Lasso, LinearRegression, Ridge, StateError } from '../../src/classical/index.ts'
import { longley } from './textbook-data.ts'

const x = longley.map((row) => row.slice(1))
const y = longley.map(([target]) => target!)

describe('Ridge', () => {
  it('shrinks by the factor n / (n + alpha) with one standard column', async () => {
    const model = await new Ridge({ alpha: 4 }).fit([[-1], [1], [-1], [1]], [0, 2, 0, 2])
    expect(model.coef[0]).toBeCloseTo(0.5, 14)
    expect(model.intercept).toBeCloseTo(1, 14)
  })

  it('is least squares without a penalty, with columns that depend on one another too', async () => {
    const free = await new Ridge({ alpha: 0 }).fit(x, y)
    const squares = await new LinearRegression().fit(x, y)
    expect(free.coef).toEqual(squares.coef)
    const twice = [[1], [2], [4]].map(([value]) => [value!, value!])
    const shared = await new Ridge({ alpha: 0 }).fit(twice, [1, 2, 4])
    expect(shared.coef[0]).toBeCloseTo(0.5, 12)
    expect(shared.coef[1]).toBeCloseTo(0.5, 12)
  })
})

describe('Lasso', () => {
  it('subtracts alpha from the coefficient of one standard column', async () => {
    const model = await new Lasso({ alpha: 0.25 }).fit([[-1], [1], [-1], [1]], [0, 2, 0, 2])
    expect(model.coef[0]).toBeCloseTo(0.75, 14)
    expect(model.converged).toBe(true)
  })

  it('leaves a constant column at 0', async () => {
    const model = await new Lasso({ alpha: 0.1 }).fit(
      [
        [1, 3],
        [2, 3],
        [4, 3],
      ],
      [1, 2, 4],
    )
    expect(model.coef[1]).toBe(0)
    expect(model.coef[0]).toBeGreaterThan(0.5)
  })
})

describe.each([new Ridge({ alpha: 3, fitIntercept: false }), new Lasso({ alpha: 3, maxIter: 5 })])(
  '$method',
  (model) => {
    it('comes back from JSON', async () => {
      await model.fit(x, y)
      const text = JSON.stringify(model)
      const copy = (await estimatorFromJson(JSON.parse(text))) as typeof model
      expect(await copy.predict(x)).toEqual(await model.predict(x))
      expect(copy.options).toEqual(model.options)
      for (const damage of [{ coef: [1] }, { intercept: 'none' }, { coef: 'AAAA' }]) {
        const state = JSON.parse(text)
        Object.assign(state.fitted, damage)
        await expect(estimatorFromJson(state)).rejects.toThrow(StateError)
      }
    })

    it('refuses options and input that it cannot use', async () => {
      expect(() => model.clone({ alpha: -1 })).toThrow('alpha is -1')
      expect(() => model.clone({ beta: 1 } as object)).toThrow("no option 'beta'")
      await expect(model.clone().fit([[1]], [1, 2])).rejects.toThrow('2 targets for 1 samples')
      await expect(model.predict([[1]])).rejects.toThrow('x has 1 columns, and 6 were fitted')
    })
  },
)
