import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  InputError,
  KNeighborsClassifier,
  KNeighborsRegressor,
  Matrix,
  type MetricName,
  type NeighborsOptions,
  StateError,
} from '../../src/classical/index.ts'
import { Generator, tensor } from '../../src/tensor/index.ts'
import { type DatasetName, loaded, standardized } from './datasets.ts'
import expected from './expected/neighbors.json' with { type: 'json' }

const line = [[0], [1], [2], [3]]

/** Numbers on a grid, so that many distances are equal. */
function grid(rows: number, columns: number, steps: number, seed: number): Matrix {
  const generator = new Generator(seed)
  return new Matrix(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => generator.integer(steps)),
  )
}

/** The rows of which i % 3 is 0, and the others. */
function thirds(rows: number): { held: number[]; kept: number[] } {
  const all = Array.from({ length: rows }, (_, i) => i)
  return { held: all.filter((i) => i % 3 === 0), kept: all.filter((i) => i % 3 !== 0) }
}

describe('KNeighborsClassifier', () => {
  it.each([
    ['uniform', 1.1, [2 / 3, 1 / 3]],
    ['uniform', 0.9, [2 / 3, 1 / 3]],
    ['distance', 0.9, [0.92437, 0.07563]],
    ['distance', 1, [1, 0]],
  ] as const)('votes: %s at %f', async (weights, at, wanted) => {
    const model = await new KNeighborsClassifier({ nNeighbors: 3, weights }).fit(line, [0, 0, 1, 1])
    const probabilities = await model.predictProba([[at]])
    for (const [c, p] of wanted.entries()) expect(probabilities.get(0, c)).toBeCloseTo(p, 6)
    expect(await model.predict([[at]])).toEqual([0])
  })

  it.each([
    [1, 1, 0.96],
    [3, 0.96, 0.96],
    [5, 0.966667, 0.966667],
    [7, 0.973333, 0.966667],
    [9, 0.98, 0.966667],
    [15, 0.986667, 0.973333],
  ])('of iris with k = %i: %f on itself, %f leaving one out', async (nNeighbors, itself, oneOut) => {
    const data = loaded('iris')
    if (data === undefined) return
    const model = await new KNeighborsClassifier({ nNeighbors }).fit(data.x, data.y)
    expect(await model.score(data.x, data.y)).toBeCloseTo(itself, 6)
    expect(await leaveOneOut(model, data.y)).toBeCloseTo(oneOut, 6)
  })

  it('of iris scaled to 0..1, one neighbour, leaving one out', async () => {
    const data = loaded('iris')
    if (data === undefined) return
    const scaled = new Matrix(data.x.rows, 4, data.x.data.slice())
    for (let c = 0; c < 4; c++) {
      const column = data.x.column(c)
      const [low, high] = [Math.min(...column), Math.max(...column)]
      for (const [i, value] of column.entries()) scaled.set(i, c, (value - low) / (high - low))
    }
    const model = await new KNeighborsClassifier({ nNeighbors: 1 }).fit(scaled, data.y)
    expect(await leaveOneOut(model, data.y)).toBeCloseTo(0.953333, 6)
  })

  it('gives neighbours and distances, the lower row first at equal distance', async () => {
    const data = loaded('iris')
    if (data === undefined) return
    const model = await new KNeighborsClassifier().fit(data.x, data.y)
    const { indices, distances } = await model.kneighbors([[5.9, 3, 5.1, 1.8]])
    expect(Array.from(indices)).toEqual([149, 127, 138, 101, 142])
    for (const [j, d] of [0, 0.282843, 0.316228, 0.331662, 0.331662].entries()) {
      expect(distances.get(0, j)).toBeCloseTo(d, 6)
    }
  })

  it('gives the others of its own samples, equal ones included', async () => {
    const model = await new KNeighborsClassifier({ nNeighbors: 2 }).fit(
      [[1], [1], [1], [1], [2]],
      ['a', 'a', 'b', 'b', 'b'],
    )
    const { indices } = await model.kneighbors()
    expect(Array.from(indices)).toEqual([1, 2, 0, 2, 0, 1, 0, 1, 0, 1])
  })

  it.each(Object.keys(expected))('predicts as scikit-learn: %s', async (key) => {
    const [name, metric, weights] = key.split(' ') as [DatasetName, string, 'uniform' | 'distance']
    const data = loaded(name)
    if (data === undefined) return
    const x = standardized(data.x)
    const { held, kept } = thirds(x.rows)
    const options: NeighborsOptions =
      metric === 'minkowski3' ? { p: 3, weights } : { metric: metric as MetricName, weights }
    const wanted = expected[key as keyof typeof expected]
    if (typeof wanted === 'string') {
      const model = await new KNeighborsClassifier(options).fit(
        x.take(kept),
        kept.map((i) => data.y[i]!),
      )
      const predicted = await model.predict(x.take(held))
      const codes = predicted.map((label, i) => (wanted[i] === '-' ? '-' : model.classes.indexOf(label)))
      expect(codes.join('')).toBe(wanted)
      return
    }
    const model = await new KNeighborsRegressor(options).fit(
      x.take(kept),
      kept.map((i) => Number(data.y[i])),
    )
    const predicted = await model.predict(x.take(held))
    for (const [i, value] of wanted.entries()) if (value !== null) expect(predicted[i]).toBeCloseTo(value, 8)
  })

  it('finds with trees what brute force finds', async () => {
    for (const [columns, steps, seed] of [
      [1, 50, 1],
      [3, 4, 2],
      [6, 3, 3],
      [9, 1000, 4],
    ] as const) {
      const x = grid(300, columns, steps, seed)
      const y = Array.from({ length: x.rows }, (_, i) => i % 3)
      const queries = grid(30, columns, steps, seed + 10)
      for (const metric of ['euclidean', 'manhattan', 'chebyshev', 'minkowski'] as const) {
        for (const leafSize of [1, 20]) {
          const options = { metric, p: 2.5, leafSize }
          const [brute, kdTree, ballTree] = await Promise.all(
            (['brute', 'kdTree', 'ballTree'] as const).map(async (algorithm) => {
              const model = await new KNeighborsClassifier({ ...options, algorithm }).fit(x, y)
              return model.kneighbors(queries, 11)
            }),
          )
          expect(kdTree, `${metric}, ${columns} columns`).toEqual(brute)
          expect(ballTree, `${metric}, ${columns} columns`).toEqual(brute)
        }
      }
    }
  })

  it.each(['euclidean', 'cosine'] as const)(
    'finds with float32 products what float64 finds: %s',
    async (metric) => {
      // Rows that differ by less than float32 can tell, far from the origin, and exact copies of rows.
      const rows = 2400
      const generator = new Generator(5)
      const x = new Matrix(rows, 40)
      for (let i = 0; i < rows; i++) {
        const row = x.row(i)
        if (i % 7 === 6) row.set(x.row(i - 3))
        else for (let c = 0; c < 40; c++) row[c] = 1000 + generator.normal() * (i % 2 === 0 ? 1 : 1e-6)
      }
      const y = Array.from({ length: rows }, (_, i) => i % 2)
      const queries = x.take(Array.from({ length: 300 }, (_, i) => i * 8))
      queries.row(299).fill(1e30)
      const model = await new KNeighborsClassifier({ metric, algorithm: 'brute' }).fit(x, y)
      const many = await model.kneighbors(queries, 9)
      for (const q of [0, 1, 57, 123, 298, 299]) {
        const one = await model.kneighbors([queries.row(q)], 9)
        expect(many.indices.slice(q * 9, q * 9 + 9)).toEqual(one.indices)
        expect(many.distances.row(q)).toEqual(one.distances.data)
      }
    },
  )

  it.each([
    [1e-200, 'tiny'],
    [1e140, 'huge'],
  ])('works at %d, which float32 does not hold (%s)', async (scale) => {
    const x = grid(300, 250, 1000, 6)
    const scaled = new Matrix(
      x.rows,
      x.columns,
      x.data.map((value) => value * scale),
    )
    const y = Array.from({ length: 300 }, (_, i) => i % 2)
    const wanted = await (await new KNeighborsClassifier().fit(x, y)).kneighbors(x.take([1, 2, 3]), 3)
    const found = await (await new KNeighborsClassifier().fit(scaled, y)).kneighbors(scaled)
    if (scale > 1)
      expect(Array.from(found.indices.slice(5, 8))).toEqual(Array.from(wanted.indices.slice(0, 3)))
    expect(found.indices[0]).toBe(0)
  })

  it('takes rows of zeros for the cosine', async () => {
    const model = await new KNeighborsClassifier({ metric: 'cosine', nNeighbors: 1 }).fit(
      [
        [0, 0],
        [2, 2],
      ],
      ['a', 'b'],
    )
    const { distances } = await model.kneighbors(
      [
        [0, 0],
        [3, 0],
      ],
      2,
    )
    expect(Array.from(distances.row(0))).toEqual([1, 1])
    expect(distances.get(1, 0)).toBeCloseTo(1 - Math.SQRT1_2, 12)
  })

  it('reads tensors', async () => {
    const model = await new KNeighborsClassifier({ nNeighbors: 1 }).fit(tensor(line), tensor([0, 0, 1, 1]))
    expect(await model.predict(tensor([[2.9]]))).toEqual([1])
  })

  it.each([
    [{ nNeighbors: 0 }, 'nNeighbors is 0; it must be an integer at least 1'],
    [{ nNeighbors: 2.5 }, 'nNeighbors is 2.5'],
    [{ weights: 'none' }, "weights is 'none'; it must be one of 'uniform', 'distance'"],
    [{ algorithm: 'tree' }, "algorithm is 'tree'"],
    [{ metric: 'l2' }, "metric is 'l2'"],
    [{ p: 0.5 }, 'p is 0.5; it must be a number at least 1'],
    [{ leafSize: 0 }, 'leafSize is 0'],
    [{ metric: 'cosine', algorithm: 'kdTree' }, "algorithm 'kdTree' cannot search by the cosine"],
    [{ k: 3 }, "no option 'k'"],
  ])('refuses %o', (options, message) => {
    expect(() => new KNeighborsClassifier(options as NeighborsOptions)).toThrow(InputError)
    expect(() => new KNeighborsClassifier(options as NeighborsOptions)).toThrow(message)
  })

  it('says where there are too few samples', async () => {
    await expect(new KNeighborsClassifier().fit(line, [0, 0, 1, 1])).rejects.toThrow(
      '5 neighbours are wanted, and there are 4 samples',
    )
    const model = await new KNeighborsClassifier({ nNeighbors: 1 }).fit(line, [0, 0, 1, 1])
    await expect(model.kneighbors([[1]], 5)).rejects.toThrow('there are 4 samples')
    await expect(model.kneighbors(undefined, 4)).rejects.toThrow('there are 3 samples')
    await expect(model.predict([[Number.NaN]])).rejects.toThrow('x is NaN in row 0, column x0')
  })

  it('comes back from JSON, and damage is told', async () => {
    const x = grid(90, 7, 1000, 8)
    const y = Array.from({ length: 90 }, (_, i) => ['a', 'b', 'c'][i % 3]!)
    const model = await new KNeighborsClassifier({ weights: 'distance' }).fit(x, y)
    const json = JSON.parse(JSON.stringify(model))
    const copy = (await estimatorFromJson(json)) as KNeighborsClassifier
    expect(await copy.predictProba(grid(20, 7, 1000, 9))).toEqual(
      await model.predictProba(grid(20, 7, 1000, 9)),
    )
    const { fitted } = json
    for (const damage of [
      { samples: { ...fitted.samples, rows: 89 } },
      { samples: { ...fitted.samples, data: [1, 2] } },
      { samples: { rows: 0, columns: 7, data: [] }, codes: [] },
      { samples: { rows: 90, columns: 7, data: Array(630).fill(null) } },
      { codes: Array(90).fill(3) },
      { codes: [0] },
      { features: [] },
    ]) {
      await expect(
        estimatorFromJson({ ...json, fitted: { ...fitted, ...damage } }),
        JSON.stringify(damage).slice(0, 80),
      ).rejects.toThrow(StateError)
    }
    await expect(estimatorFromJson({ ...json, options: { nNeighbors: 'many' } })).rejects.toThrow(StateError)
  })
})

describe('KNeighborsRegressor', () => {
  it.each([
    ['uniform', 2, 1.5, 0.5],
    ['distance', 3, 0.9, 0.07563],
    ['distance', 3, 1, 0],
  ] as const)('%s mean of %i at %f', async (weights, nNeighbors, at, wanted) => {
    const model = await new KNeighborsRegressor({ nNeighbors, weights }).fit(line, [0, 0, 1, 1])
    expect((await model.predict([[at]]))[0]).toBeCloseTo(wanted, 6)
  })

  it("gives the stopping distances of R's cars", async () => {
    const { speed, dist } = cars
    const model = await new KNeighborsRegressor().fit(
      speed.map((value) => [value]),
      dist,
    )
    const [slow, fast] = await model.predict([[10.5], [21]])
    expect(slow).toBeCloseTo(24.6, 10)
    expect(fast).toBeCloseTo(50.4, 10)
  })

  it('comes back from JSON', async () => {
    const model = await new KNeighborsRegressor({ nNeighbors: 2 }).fit(line, [0, 0, 1, 1])
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as KNeighborsRegressor
    expect(await copy.predict([[1.6], [0]])).toEqual(await model.predict([[1.6], [0]]))
  })
})

/** Accuracy of predicting each sample from the others by majority. */
async function leaveOneOut(model: KNeighborsClassifier, y: readonly (string | number)[]): Promise<number> {
  const { k, indices } = await model.kneighbors()
  let hits = 0
  for (let i = 0; i < y.length; i++) {
    const votes = model.classes.map(
      (label) => indices.slice(i * k, i * k + k).filter((j) => y[j] === label).length,
    )
    if (model.classes[votes.indexOf(Math.max(...votes))] === y[i]) hits++
  }
  return hits / y.length
}

/** Ezekiel, Methods of Correlation Analysis, 1930: miles an hour and feet. */
const cars = {
  speed: [
    4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 16, 16,
    17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25,
  ],
  dist: [
    2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20, 26, 54, 32,
    40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85,
  ],
}
