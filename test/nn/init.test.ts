import { afterEach, describe, expect, it, vi } from 'vitest'
import { erf } from '../../src/graph/erf.ts'
import { createModel } from '../../src/models/index.ts'
import { summary } from '../../src/models/summary.ts'
import { init, Linear, type Module, parameter } from '../../src/nn/index.ts'
import { Generator, getDefaultGenerator, manualSeed, type Tensor, zeros } from '../../src/tensor/index.ts'

const phi = (z: number): number => (1 + erf(z / Math.SQRT2)) / 2

/** Distribution functions. */
const normalCdf = (mean: number, std: number) => (x: number) => phi((x - mean) / std)
const uniformCdf = (low: number, high: number) => (x: number) => (x - low) / (high - low)
const truncatedCdf = (mean: number, std: number, low: number, high: number) => (x: number) => {
  const [from, to] = [phi((low - mean) / std), phi((high - mean) / std)]
  return (phi((x - mean) / std) - from) / (to - from)
}

/** Kolmogorov and Smirnov's statistic times the root of the count: above 1.95 once in a thousand. */
function kolmogorov(values: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(values).sort()
  let largest = 0
  for (const [i, value] of sorted.entries()) {
    const expected = cdf(value)
    largest = Math.max(largest, (i + 1) / sorted.length - expected, expected - i / sorted.length)
  }
  return largest * Math.sqrt(sorted.length)
}

const fresh = (shape: number[]): Tensor => parameter(zeros(shape))
const shape = [40, 20, 5, 5]
const [fanIn, fanOut] = [500, 1000]

afterEach(() => {
  vi.restoreAllMocks()
})

describe('random initializations follow their distributions', () => {
  const kaimingBound = Math.sqrt(6 / fanIn)
  const cases: Record<string, [(tensor: Tensor) => Tensor, (x: number) => number]> = {
    uniform: [(t) => init.uniform(t, -1, 3), uniformCdf(-1, 3)],
    normal: [(t) => init.normal(t, 2, 0.5), normalCdf(2, 0.5)],
    xavierUniform: [
      (t) => init.xavierUniform(t, { gain: 2 }),
      uniformCdf(-2 * Math.sqrt(6 / (fanIn + fanOut)), 2 * Math.sqrt(6 / (fanIn + fanOut))),
    ],
    xavierNormal: [(t) => init.xavierNormal(t), normalCdf(0, Math.sqrt(2 / (fanIn + fanOut)))],
    kaimingUniform: [(t) => init.kaimingUniform(t), uniformCdf(-kaimingBound, kaimingBound)],
    'kaimingUniform as layers': [
      (t) => init.kaimingUniform(t, { a: Math.sqrt(5) }),
      uniformCdf(-1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn)),
    ],
    'kaimingNormal, fanOut': [
      (t) => init.kaimingNormal(t, { mode: 'fanOut', nonlinearity: 'relu' }),
      normalCdf(0, Math.sqrt(2 / fanOut)),
    ],
    'truncNormal, wide': [(t) => init.truncNormal(t, { std: 0.9 }), truncatedCdf(0, 0.9, -2, 2)],
    'truncNormal, narrow': [(t) => init.truncNormal(t, { a: -0.1, b: 0.4 }), truncatedCdf(0, 1, -0.1, 0.4)],
    'truncNormal, tail': [
      (t) => init.truncNormal(t, { mean: 1, std: 2, a: 4, b: 9 }),
      truncatedCdf(1, 2, 4, 9),
    ],
    'truncNormal, lower tail': [
      (t) => init.truncNormal(t, { mean: 5, std: 2, a: -9, b: 1.2 }),
      truncatedCdf(5, 2, -9, 1.2),
    ],
  }
  it.each(Object.entries(cases))('%s', async (_, [initialize, cdf]) => {
    manualSeed(11)
    const values = await initialize(fresh(shape)).data()
    expect(kolmogorov(values, cdf)).toBeLessThan(1.95)
    const shares = [...values].map(cdf)
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(-1e-6)
    expect(Math.max(...shares)).toBeLessThanOrEqual(1 + 1e-6)
  })

  it('with the mean and deviation asked for', async () => {
    manualSeed(12)
    const values = Float64Array.from(await init.normal(fresh([1000, 1000]), -3, 0.25).data())
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(Math.abs(mean + 3)).toBeLessThan((4 * 0.25) / 1000)
    expect(Math.abs(Math.sqrt(variance) / 0.25 - 1)).toBeLessThan(4 / Math.sqrt(2e6))
  })

  it('in the dtype of the tensor', async () => {
    const single = parameter(zeros([9]))
    const double = parameter(zeros([9], { dtype: 'float64' }))
    init.normal(single, 1, 2, { generator: new Generator(4) })
    init.normal(double, 1, 2, { generator: new Generator(4) })
    const [a, b] = [await single.data(), await double.data()]
    expect(a).toBeInstanceOf(Float32Array)
    expect(b).toBeInstanceOf(Float64Array)
    expect(a).toEqual(Float32Array.from(b))
  })
})

describe('structured initializations', () => {
  it.each([
    [6, 10],
    [10, 6],
    [5, 5],
  ])('orthogonal of %i x %i', async (rows, columns) => {
    manualSeed(1)
    const w = await init.orthogonal(fresh([rows, columns]), { gain: 3 }).data()
    const [count, length] = rows < columns ? [rows, columns] : [columns, rows]
    const at = (i: number, k: number): number => (rows < columns ? w[i * columns + k]! : w[k * columns + i]!)
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        let product = 0
        for (let k = 0; k < length; k++) product += at(i, k) * at(j, k)
        expect(product).toBeCloseTo(i === j ? 9 : 0, 5)
      }
    }
  })

  it('sparse zeroes a share of each column', async () => {
    manualSeed(2)
    const w = await init.sparse(fresh([20, 7]), 0.34).data()
    for (let column = 0; column < 7; column++) {
      expect(w.filter((value, i) => i % 7 === column && value === 0)).toHaveLength(7)
    }
  })

  it('eye, dirac and constants', async () => {
    expect(await init.eye(fresh([2, 3])).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ])
    expect(await init.dirac(fresh([4, 2, 3]), 2).toArray()).toEqual(
      [0, 1, 0, 1].map((pass) => [0, 1].map((input) => (input === pass ? [0, 1, 0] : [0, 0, 0]))),
    )
    expect(await init.constant(fresh([2]), 7).toArray()).toEqual([7, 7])
    expect(await init.zeros(init.ones(fresh([2]))).toArray()).toEqual([0, 0])
    expect(() => init.eye(fresh([2]))).toThrow('needs a matrix')
    expect(() => init.xavierNormal(fresh([2]))).toThrow('rank 2 at least')
    expect(() => init.truncNormal(fresh([2]), { a: 1, b: 1 })).toThrow('a < b')
  })
})

async function valuesOf(
  module: Module,
  order: (names: string[]) => string[],
): Promise<Map<string, number[]>> {
  const state = module.stateDict()
  const values = new Map<string, number[]>()
  for (const name of order([...state.keys()])) values.set(name, [...(await state.get(name)!.data())])
  return values
}

describe('values are drawn when first needed', () => {
  it('and do not depend on when that is', async () => {
    manualSeed(3)
    const forward = await valuesOf(await createModel('resnet20_cifar10'), (names) => names)
    manualSeed(3)
    const later = await createModel('resnet20_cifar10')
    getDefaultGenerator().word()
    manualSeed(8)
    await new Linear(3, 3).weight.data()
    const backward = await valuesOf(later, (names) => names.reverse())
    expect(backward).toEqual(forward)
    const other = await valuesOf(await createModel('resnet20_cifar10'), (names) => names)
    expect(other.get('conv1.weight')).not.toEqual(forward.get('conv1.weight'))
  })

  it('as those drawn at once are', async () => {
    const initialize = async (atOnce: boolean): Promise<number[][]> => {
      manualSeed(5)
      const tensors = [
        init.uniform(fresh([3, 7])),
        init.truncNormal(fresh([5, 5]), { a: -1, b: 1 }),
        init.orthogonal(fresh([4, 4])),
        init.sparse(fresh([4, 4]), 0.5),
      ]
      if (atOnce) for (const tensor of tensors) await tensor.data()
      init.normal(tensors[0]!)
      const results: number[][] = []
      for (const tensor of tensors.reverse()) results.push([...(await tensor.data())])
      return results
    }
    expect(await initialize(false)).toEqual(await initialize(true))
  })

  it('so that what is drawn anew is drawn once', async () => {
    const uniform = vi.spyOn(Generator.prototype, 'fillUniform')
    const normal = vi.spyOn(Generator.prototype, 'fillNormal')
    const layer = new Linear(10, 10)
    init.kaimingNormal(layer.weight)
    init.zeros(layer.bias!)
    await valuesOf(layer, (names) => names)
    await layer.weight.data()
    expect(uniform).not.toHaveBeenCalled()
    expect(normal).toHaveBeenCalledTimes(1)
  })

  it('and never for a structure or where others are loaded', async () => {
    const source = await createModel('resnet20_cifar10')
    const wanted = await valuesOf(source, (names) => names)
    const uniform = vi.spyOn(Generator.prototype, 'fillUniform')
    const normal = vi.spyOn(Generator.prototype, 'fillNormal')
    const vgg = await createModel('vgg16')
    expect(summary(vgg, [1, 3, 224, 224]).parameters).toBe(138_357_544)
    expect(String(vgg)).toContain('25088')
    const loaded = await createModel('resnet20_cifar10')
    loaded.loadStateDict(source.stateDict())
    expect(await valuesOf(loaded, (names) => names)).toEqual(wanted)
    expect(uniform).not.toHaveBeenCalled()
    expect(normal).not.toHaveBeenCalled()
  })

  it('and what was recorded before keeps its numbers', async () => {
    const weight = init.constant(fresh([2]), 3)
    const doubled = weight.mul(2)
    init.constant(weight, 5)
    expect(await doubled.toArray()).toEqual([6, 6])
    expect(await weight.toArray()).toEqual([5, 5])
  })
})

describe('skipInit', () => {
  it('draws nothing and leaves the generator where it is', async () => {
    const generator = manualSeed(6)
    const layer = init.skipInit(() => new Linear(3, 2))
    expect(generator.state().position).toBe(0)
    expect(await layer.weight.data()).toEqual(new Float32Array(6))
    expect(() =>
      init.skipInit(() => {
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(await new Linear(3, 2).weight.data()).not.toEqual(new Float32Array(6))
  })
})
