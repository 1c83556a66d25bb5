import { describe, expect, it } from 'vitest'
import { estimatorFromJson, SVC, type SVCOptions } from '../../src/classical/index.ts'
import { type DatasetName, loaded } from './datasets.ts'
import expected from './expected/svm.json' with { type: 'json' }
import { near, split } from './svm-data.ts'

const corners = [
  [-1, -1],
  [-2, -1],
  [1, 1],
  [2, 1],
]
const bits = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]

const optionsOf: Readonly<Record<string, SVCOptions>> = {
  'glass weighted': { C: 10 },
  'pima weighted': {},
  'glass balanced': { classWeight: 'balanced' },
  'wine costly': { kernel: 'poly', degree: 2, coef0: 1, gamma: 0.5, C: 1000 },
}

describe('SVC', () => {
  it('separates two pairs of points with a line', async () => {
    const model = await new SVC({ kernel: 'linear', C: 1e3 }).fit(corners, [1, 1, 2, 2])
    near(model.coef.data, [0.5, 0.5])
    near(model.intercept, [0])
    expect(Array.from(model.support)).toEqual([0, 2])
    near(model.dualCoef.data, [-0.25, 0.25])
    near((await model.decisionFunction([[-0.8, -1]])).data, [-0.9])
    expect(await model.predict([[-0.8, -1]])).toEqual([1])
  })

  it('separates them with radial functions', async () => {
    const model = await new SVC().fit(corners, [1, 1, 2, 2])
    expect(model.gamma).toBeCloseTo(0.285714, 6)
    near(model.dualCoef.data, [-0.735771, -0.466366, 0.73531, 0.466826])
    near((await model.decisionFunction([[-0.8, -1]])).data, [-0.927693])
  })

  it('solves exclusive or with squares of products', async () => {
    const x = bits.map((row) => row.map((bit) => 2 * bit - 1))
    const options = { kernel: 'poly', degree: 2, gamma: 1, coef0: 1, C: 1e3, tol: 1e-9 } as const
    const model = await new SVC(options).fit(x, [-1, 1, 1, -1])
    near(model.dualCoef.data.map(Math.abs), [0.125, 0.125, 0.125, 0.125])
    near(model.intercept, [0])
    near((await model.decisionFunction([[0.3, -0.7]])).data, [0.21])
  })

  it('solves exclusive or with radial functions', async () => {
    const model = await new SVC({ gamma: 1, C: 1e6, tol: 1e-9 }).fit(bits, [0, 1, 1, 0])
    near(model.dualCoef.data.map(Math.abs), Array(4).fill(2.50265), 5)
    near(model.intercept, [0])
    near((await model.decisionFunction(bits)).data, [-1, 1, 1, -1])
  })

  it.each([
    [
      'on a line',
      [[1], [2], [3], [4], [3], [2.5]],
      1,
      [0.666667],
      -1.666667,
      [-0.055556, -1, -1, 0.055556, 1, 1],
      [0, 1, 2, 3, 4, 5],
    ],
    [
      'in the plane',
      [
        [0, 0],
        [1, 0],
        [0, 1],
        [2, 2],
        [3, 2],
        [2, 3],
      ],
      10,
      [2 / 3, 2 / 3],
      -5 / 3,
      [-2 / 9, -2 / 9, 4 / 9],
      [1, 2, 3],
    ],
  ] as const)('finds the multipliers %s', async (_, x, C, w, b, alpha, support) => {
    const model = await new SVC({ kernel: 'linear', C, tol: 1e-9 }).fit(x, [-1, -1, -1, 1, 1, 1])
    near(model.coef.data, w)
    near(model.intercept, [b])
    expect(Array.from(model.support)).toEqual(support)
    near(model.dualCoef.data, alpha)
  })

  it('has the margin of the points in the plane', async () => {
    const x = [
      [0, 0],
      [1, 0],
      [0, 1],
      [2, 2],
      [3, 2],
      [2, 3],
    ]
    const model = await new SVC({ kernel: 'linear', C: 10, tol: 1e-9 }).fit(x, [-1, -1, -1, 1, 1, 1])
    expect(2 / Math.hypot(...model.coef.data)).toBeCloseTo(2.12132, 5)
  })

  it('separates iris with planes', async () => {
    const data = loaded('iris')
    if (data === undefined) return
    const model = await new SVC({ kernel: 'linear', tol: 1e-8 }).fit(data.x, data.y)
    expect(Array.from(model.nSupport)).toEqual([3, 12, 12])
    near(model.intercept, [1.45056, 1.50726, 6.781127])
    near(model.coef.row(0), [-0.046034, 0.521722, -1.003164, -0.464179])
    near(model.coef.row(1), [-0.007084, 0.178887, -0.538435, -0.292242])
    near(model.coef.row(2), [0.595485, 0.97591, -2.032169, -2.006109])
    expect(await model.score(data.x, data.y)).toBeCloseTo(0.993333, 6)
  })

  it('separates iris with radial functions, and with cubes', async () => {
    const data = loaded('iris')
    if (data === undefined) return
    const model = await new SVC({ tol: 1e-8 }).fit(data.x, data.y)
    expect(model.gamma).toBeCloseTo(0.0641674486, 10)
    expect(Array.from(model.nSupport)).toEqual([7, 29, 24])
    near(model.intercept, [0.125997, -0.065204, -0.107043])
    expect(await model.score(data.x, data.y)).toBeCloseTo(0.973333, 6)
    const cubes = await new SVC({ kernel: 'poly' }).fit(data.x, data.y)
    expect(Array.from(cubes.nSupport)).toEqual([4, 9, 7])
    expect(await cubes.score(data.x, data.y)).toBeCloseTo(0.973333, 6)
  })

  it('takes the steps that libsvm takes', async () => {
    const data = loaded('iris')
    if (data === undefined) return
    // scikit-learn 1.2.1 with its defaults: n_iter_ and intercept_.
    const planes = await new SVC({ kernel: 'linear' }).fit(data.x, data.y)
    expect(Array.from(planes.iterations)).toEqual([13, 3, 31])
    near(planes.intercept, [1.4528445, 1.50771313, 6.78097119], 7)
    const radial = await new SVC().fit(data.x, data.y)
    expect(Array.from(radial.iterations)).toEqual([8, 17, 37])
    near(radial.intercept, [0.12631695, -0.06446388, -0.10704315], 7)
  })

  it('separates setosa from versicolor by their sepals', async () => {
    const data = loaded('iris')
    if (data === undefined) return
    const x = Array.from({ length: 100 }, (_, i) => data.x.row(i).slice(0, 2))
    const model = await new SVC({ kernel: 'linear' }).fit(x, data.y.slice(0, 100))
    near(model.coef.data, [2.227205, -2.249599])
    near(model.intercept, [-4.941785])
    expect(Array.from(model.support)).toEqual([1, 18, 20, 25, 31, 36, 41, 45, 57, 59, 66, 70, 84, 85, 88, 98])
  })

  it.each(Object.entries(expected.svc))('learns what scikit-learn learns: %s', async (key, wanted) => {
    const [name, kernel] = key.split(' ') as [DatasetName, string]
    const data = split(name)
    if (data === undefined) return
    const options: SVCOptions = { tol: 1e-8, ...(optionsOf[key] ?? { kernel: kernel as 'rbf' }) }
    const weighted = key.endsWith('weighted') ? { sampleWeight: data.weights } : {}
    const model = await new SVC(options).fit(data.x, data.y, weighted)
    expect(model.converged).toBe(true)
    expect(Array.from(model.nSupport)).toEqual(wanted.nSupport)
    near(model.intercept, wanted.intercept)
    const predicted = await model.predict(data.held)
    expect(predicted.map((label) => model.classes.indexOf(label)).join('')).toBe(wanted.predicted)
    const first = data.held.take([0, 1, 2])
    near((await model.decisionFunction(first)).data, wanted.ovr)
    const json = JSON.parse(JSON.stringify(model))
    const ovo = await estimatorFromJson({ ...json, options: { ...options, decisionFunctionShape: 'ovo' } })
    near((await (ovo as SVC).decisionFunction(first)).data, wanted.ovo)
  })
})
