import { beforeAll, describe, expect, it } from 'vitest'
import { estimatorFromJson, Matrix, MLPClassifier, MLPRegressor } from '../../src/classical/index.ts'
import { applyOutput, DenseNetwork, type Weights } from '../../src/classical/neural/network.ts'
import { mlpDefaults } from '../../src/classical/neural/options.ts'
import { descentOf } from '../../src/classical/neural/train.ts'
import { setBackend, tensor } from '../../src/tensor/index.ts'

// In float64.
beforeAll(async () => {
  await setBackend('reference')
})

/** M. Mazur, "A step by step backpropagation example" (2015): two inputs, two hidden neurons, two outputs, all logistic. */
describe("Mazur's worked example", () => {
  const start: Weights = {
    // Rows are inputs: w1 and w3, w2 and w4; w5 and w7, w6 and w8.
    coefs: [
      new Matrix(2, 2, Float64Array.of(0.15, 0.25, 0.2, 0.3)),
      new Matrix(2, 2, Float64Array.of(0.4, 0.5, 0.45, 0.55)),
    ],
    intercepts: [Float64Array.of(0.35, 0.35), Float64Array.of(0.6, 0.6)],
  }
  const shape = { sizes: [2, 2, 2], activation: 'logistic', output: 'logistic', loss: 'squared' } as const
  const inputs = Float64Array.of(0.05, 0.1)
  const x = tensor(inputs, [1, 2])
  const y = tensor(Float64Array.of(0.01, 0.99), [1, 2])
  const newNetwork = (): DenseNetwork => new DenseNetwork(shape, start, 'float64')
  const outputsOf = async (network: DenseNetwork): Promise<Float64Array> =>
    applyOutput(await network.sumsOf(new Matrix(1, 2, inputs)), 'logistic').data

  it('activations, loss and deltas', async () => {
    const first = { coefs: start.coefs.slice(0, 1), intercepts: start.intercepts.slice(0, 1) }
    const hidden = new DenseNetwork({ ...shape, sizes: [2, 2] }, first, 'float64')
    expectNumbers(await outputsOf(hidden), [0.593269992, 0.596884378], 9)
    const network = newNetwork()
    expectNumbers(await outputsOf(network), [0.75136507, 0.772928465], 9)
    const [loss, , , hiddenDeltas, outputDeltas] = await network.gradients(x, y)(network.parameters)
    expect(await loss!.item()).toBeCloseTo(0.298371109, 9)
    // An intercept's gradient is its neuron's delta.
    expectNumbers(await outputDeltas!.data(), [0.138498562, -0.038098237], 9)
    expectNumbers(await hiddenDeltas!.data(), [0.008771355, 0.009954255], 9)
  })

  it('weights after one step and errors after 1 and 10,000, the intercepts kept', async () => {
    const network = newNetwork()
    for (const intercept of network.parameters.slice(2)) intercept.requiresGrad = false
    const descent = descentOf(network, { ...mlpDefaults, solver: 'sgd', learningRateInit: 0.5, momentum: 0 })
    expect(await descent.step(x, y)).toBeCloseTo(0.298371109, 9)
    const { coefs, intercepts } = await network.weights()
    expectNumbers(coefs[0]!.data, [0.149780716, 0.249751144, 0.199561432, 0.299502287], 9)
    expectNumbers(coefs[1]!.data, [0.35891648, 0.51130127, 0.408666186, 0.561370121], 9)
    expect(intercepts).toEqual(start.intercepts)
    expect(await descent.step(x, y)).toBeCloseTo(0.291027774, 9)
    for (let step = 2; step < 10_000; step++) await descent.step(x, y)
    expect((await network.loss(x, y).item()) / 3.510188e-5).toBeCloseTo(1, 6)
    expectNumbers(await outputsOf(network), [0.01591362, 0.984064274], 8)
  })
})

function expectNumbers(found: ArrayLike<number>, wanted: readonly number[], digits: number): void {
  expect(found.length).toBe(wanted.length)
  for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, digits)
}

const corners = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]

/** An estimator with weights set by hand, as if it were saved. */
function byHand(method: string, options: object, layers: readonly (readonly [Matrix, number[]])[]): object {
  const features = ['x1', 'x2'].map((name) => ({ name }))
  return {
    format: 'ocelli.classical',
    version: 1,
    method,
    options,
    fitted: {
      features,
      fromTable: false,
      ...(method === 'mlp' && { classes: [0, 1] }),
      layers: layers.map(([{ rows, columns, data }, intercept]) => ({
        coef: { rows, columns, data: Array.from(data) },
        intercept,
      })),
      lossCurve: [],
      nIter: 0,
      loss: 0,
      converged: true,
      validationScores: [],
    },
  }
}

describe('XOR by weights set by hand', () => {
  it('with rectifiers: h1 = relu(x1 + x2), h2 = relu(x1 + x2 - 1), y = h1 - 2 h2', async () => {
    const model = (await estimatorFromJson(
      byHand('mlp-regressor', { hiddenLayerSizes: [2], activation: 'relu' }, [
        [
          Matrix.from([
            [1, 1],
            [1, 1],
          ]),
          [0, -1],
        ],
        [Matrix.from([[1], [-2]]), [0]],
      ]),
    )) as MLPRegressor
    expect(await model.predict(corners)).toEqual(Float64Array.of(0, 1, 1, 0))
  })

  it('with steps, as steep logistic units: h1 above 0.5, h2 above 1.5, y = h1 - h2 above 0.5', async () => {
    const steep = 2000
    const model = (await estimatorFromJson(
      byHand('mlp', { hiddenLayerSizes: [2], activation: 'logistic' }, [
        [
          Matrix.from([
            [steep, steep],
            [steep, steep],
          ]),
          [-0.5 * steep, -1.5 * steep],
        ],
        [Matrix.from([[steep], [-steep]]), [-0.5 * steep]],
      ]),
    )) as MLPClassifier
    expect(await model.predict(corners)).toEqual([0, 1, 1, 0])
    const probabilities = await model.predictProba(corners)
    expect(probabilities.toArray()).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ])
  })

  it('is beyond a single layer, and learned by two', async () => {
    const options = { solver: 'lbfgs', activation: 'tanh', alpha: 0, maxIter: 500 } as const
    const single = await new MLPClassifier({ ...options, hiddenLayerSizes: [] }).fit(corners, [0, 1, 1, 0])
    expect(await single.score(corners, [0, 1, 1, 0])).toBeLessThan(1)
    expect(single.loss).toBeCloseTo(Math.LN2, 6)
    const double = await new MLPClassifier({ ...options, hiddenLayerSizes: [4] }).fit(corners, [0, 1, 1, 0])
    expect(await double.predict(corners)).toEqual([0, 1, 1, 0])
  })
})

describe('a single layer', () => {
  it('learns AND from weights 0, one sample at a time', async () => {
    const model = new MLPClassifier({
      hiddenLayerSizes: [],
      solver: 'sgd',
      learningRateInit: 1,
      momentum: 0,
      alpha: 0,
      batchSize: 1,
      shuffle: false,
      maxIter: 30,
      warmStart: true,
    })
    model.coefs = [new Matrix(2, 1)]
    model.intercepts = [new Float64Array(1)]
    await model.fit(corners, [0, 0, 0, 1])
    expect(await model.predict(corners)).toEqual([0, 0, 0, 1])
    // The first step of w += lr (t - y) x, y = 1/2, is of the intercept alone.
    const first = new MLPClassifier({ ...model.options, maxIter: 1 })
    first.coefs = [new Matrix(2, 1)]
    first.intercepts = [new Float64Array(1)]
    await first.fit(
      [
        [0, 0],
        [0, 0],
      ],
      [0, 1],
    )
    const afterOne = 0 - 0.5
    expect(first.intercepts[0]![0]).toBeCloseTo(afterOne + 1 - 1 / (1 + Math.exp(-afterOne)), 12)
    expect(first.coefs[0]!.data).toEqual(new Float64Array(2))
  })
})

describe('first weights', () => {
  it.each([
    ['relu', 6],
    ['logistic', 2],
  ] as const)(
    'of %s, intercepts too, are uniform within the root of %d / (inputs + outputs)',
    async (activation, factor) => {
      // One step with a rate this low changes nothing that could be seen.
      const options = { activation, hiddenLayerSizes: [300], maxIter: 1, learningRateInit: 1e-12 } as const
      const { coefs, intercepts } = await new MLPRegressor(options).fit(corners, [0, 1, 1, 0])
      for (const [i, bound] of [Math.sqrt(factor / 302), Math.sqrt(factor / 301)].entries()) {
        const all = [...coefs[i]!.data, ...intercepts[i]!]
        expect(Math.max(...all.map(Math.abs))).toBeLessThan(bound)
        expect(Math.max(...coefs[i]!.data.map(Math.abs))).toBeGreaterThan(0.97 * bound)
      }
      expect(Math.max(...intercepts[0]!.map(Math.abs))).toBeGreaterThan(0.97 * Math.sqrt(factor / 302))
    },
  )
})
