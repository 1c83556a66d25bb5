import { describe, expect, it } from 'vitest'
import { estimatorFromJson, SVC } from '../../src/classical/index.ts'
import { KernelRows } from '../../src/classical/svm/kernel-rows.ts'
import { fitPairSigmoid } from '../../src/classical/svm/pair.ts'
import { couplePairs } from '../../src/classical/svm/platt.ts'
import { type DatasetName, loaded, standardized } from './datasets.ts'
import expected from './expected/svm.json' with { type: 'json' }
import { near, split } from './svm-data.ts'

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
