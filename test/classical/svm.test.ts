import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  InputError,
  Matrix,
  StateError,
  SVC,
  type SVCOptions,
  SVR,
  type SVROptions,
} from '../../src/classical/index.ts'
import { KernelRows } from '../../src/classical/svm/kernel-rows.ts'
import { fitPairSigmoid } from '../../src/classical/svm/pair.ts'
import { couplePairs } from '../../src/classical/svm/platt.ts'
import { Generator } from '../../src/tensor/index.ts'
import { type DatasetName, loaded, standardized } from './datasets.ts'
import expected from './expected/svm.json' with { type: 'json' }

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

/** Both to so many digits after the point. */
function near(values: ArrayLike<number>, wanted: ArrayLike<number>, digits = 6): void {
  expect(values.length).toBe(wanted.length)
  for (let i = 0; i < wanted.length; i++) expect(values[i], `number ${i}`).toBeCloseTo(wanted[i]!, digits)
}

/** A data set as scripts/expected-svm.py splits it. */
function split(
  name: DatasetName,
): { x: Matrix; y: (string | number)[]; held: Matrix; weights: number[] } | undefined {
  const data = loaded(name)
  if (data === undefined) return undefined
  const all =
    name === 'digits'
      ? new Matrix(
          data.x.rows,
          data.x.columns,
          data.x.data.map((value) => value / 16),
        )
      : standardized(data.x)
  const rows = Array.from({ length: all.rows }, (_, i) => i)
  const kept = rows.filter((i) => i % 3 !== 0)
  return {
    x: all.take(kept),
    y: kept.map((i) => data.y[i]!),
    held: all.take(rows.filter((i) => i % 3 === 0)),
    weights: kept.map((_, i) => (i % 11 === 0 ? 0 : (i % 5) + 0.5)),
  }
}

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
      "classWeight names the class 'c'",
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

describe('probabilities of SVC', () => {
  it.each(Object.entries(expected.sigmoids))('are fitted to held-out decisions: %s', async (name, [a, b]) => {
    const data = loaded(name as DatasetName)
    if (data === undefined) return
    const classes = [...new Set(data.y)].sort()
    const [first, second] = name === 'iris' ? [classes[1], classes[2]] : [classes[0], classes[1]]
    const all = Array.from(data.y.keys())
    const rows = [...all.filter((i) => data.y[i] === first), ...all.filter((i) => data.y[i] === second)]
    const kernel = { name: 'rbf', gamma: 0.1, coef0: 0, degree: 3 } as const
    const pair = {
      kernel: await KernelRows.of(standardized(data.x).take(rows), kernel, 100),
      signs: Int8Array.from(rows, (i) => (data.y[i] === first ? 1 : -1)),
      costs: new Float64Array(rows.length).fill(1),
    }
    const permutation = Int32Array.from(rows, (_, i) => (i * 37) % rows.length)
    const sigmoid = await fitPairSigmoid(pair, { tol: 1e-8, shrinking: true, maxIter: -1 }, permutation)
    expect(sigmoid.a).toBeCloseTo(a!, 4)
    expect(sigmoid.b).toBeCloseTo(b!, 4)
  })

  it('are coupled so that the least is left of what pairs disagree about', () => {
    const r = [0, 0.8, 0.7, 0.2, 0, 0.6, 0.3, 0.4, 0]
    // numpy's solution of [Q e; e' 0] [p; b] = [0; 1], equation (21) of Wu, Lin and Weng.
    const wanted = [0.60342368, 0.18877794, 0.20779838]
    const p = couplePairs(Float64Array.from(r), 3)
    expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12)
    // The iteration ends 0.005 / 3 from it, as libsvm's does.
    for (const [c, value] of wanted.entries()) expect(Math.abs(p[c]! - value)).toBeLessThan(0.005)
    const even = couplePairs(Float64Array.from([0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0]), 3)
    near(even, [1 / 3, 1 / 3, 1 / 3], 12)
  })

  it('sum to 1, follow the classes, and are the same for a seed', async () => {
    const data = split('iris')
    if (data === undefined) return
    const model = await new SVC({ probability: true, seed: 4 }).fit(data.x, data.y)
    const probabilities = await model.predictProba(data.held)
    const truth = Array.from({ length: 50 }, (_, i) => model.classes.indexOf(loaded('iris')!.y[3 * i]!))
    let loss = 0
    for (let i = 0; i < 50; i++) {
      expect(probabilities.row(i).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10)
      loss -= Math.log(probabilities.get(i, truth[i]!)) / 50
    }
    // scikit-learn's are between 0.1 and 0.13 over ten seeds.
    expect(loss).toBeLessThan(0.15)
    const again = await new SVC({ probability: true, seed: 4 }).fit(data.x, data.y)
    expect(await again.predictProba(data.held)).toEqual(probabilities)
    const other = await new SVC({ probability: true, seed: 5 }).fit(data.x, data.y)
    expect(await other.predictProba(data.held)).not.toEqual(probabilities)
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as SVC
    expect(await copy.predictProba(data.held)).toEqual(probabilities)
  })

  it('of two classes belong to the right one', async () => {
    const x = Array.from({ length: 40 }, (_, i) => [i])
    const model = await new SVC({ probability: true }).fit(
      x,
      x.map(([i]) => (i! < 20 ? 'low' : 'top')),
    )
    const probabilities = await model.predictProba([[2], [37]])
    expect(model.classes).toEqual(['low', 'top'])
    expect(probabilities.get(0, 0)).toBeGreaterThan(0.8)
    expect(probabilities.get(1, 1)).toBeGreaterThan(0.8)
  })
})

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
