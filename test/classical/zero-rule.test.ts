import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  InputError,
  NotFittedError,
  ZeroR,
  ZeroRRegressor,
} from '../../src/classical/index.ts'
import { weatherNominal } from './weather.ts'

describe('ZeroR', () => {
  it('predicts the most frequent class, with the shares as probabilities', async () => {
    const { x, y } = weatherNominal.split('play')
    const model = await new ZeroR().fit(x, y)
    expect(model.classes).toEqual(['no', 'yes'])
    expect(await model.score(x, y)).toBeCloseTo(9 / 14, 12)
    const probabilities = await model.predictProba(x)
    expect(probabilities.get(3, 0)).toBeCloseTo(0.357143, 6)
    expect(probabilities.get(3, 1)).toBeCloseTo(0.642857, 6)
  })

  it('gives a tie to the first class', async () => {
    const model = await new ZeroR().fit([[0], [0], [0], [0]], ['b', 'a', 'b', 'a'])
    expect(await model.predict([[5]])).toEqual(['a'])
  })

  it('counts by weight', async () => {
    const model = await new ZeroR().fit([[0], [0], [0]], [1, 2, 2], { sampleWeight: [5, 1, 1] })
    expect(await model.predict([[0]])).toEqual([1])
  })

  it('comes back from JSON', async () => {
    const { x, y } = weatherNominal.split('play')
    const model = await new ZeroR().fit(x, y)
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as ZeroR
    expect(copy.classes).toEqual(model.classes)
    expect(await copy.predict(x)).toEqual(await model.predict(x))
  })

  it('refuses what it cannot use', async () => {
    await expect(new ZeroR().predict([[1]])).rejects.toThrow(NotFittedError)
    await expect(new ZeroR().fit([[1], [2]], ['a'])).rejects.toThrow('1 labels for 2 samples')
    await expect(new ZeroR().fit([[1], [2]], ['a', null])).rejects.toThrow('row 1 has no class')
    await expect(new ZeroR().fit([[1], [2]], ['a', 2])).rejects.toThrow(InputError)
    const model = await new ZeroR().fit([[1, 2]], ['a'])
    await expect(model.predict([[1]])).rejects.toThrow('x has 1 columns, and 2 were fitted')
    await expect(estimatorFromJson({ format: 'pickle' })).rejects.toThrow('not a saved method')
  })
})

describe('ZeroRRegressor', () => {
  it('predicts the mean', async () => {
    const model = await new ZeroRRegressor().fit([[0], [1], [2]], [1, 2, 6])
    expect(model.mean).toBe(3)
    expect(await model.predict([[9]])).toEqual(Float64Array.of(3))
    expect(await model.score([[0], [1], [2]], [1, 2, 6])).toBe(0)
  })
})
