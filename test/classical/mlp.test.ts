import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  Matrix,
  MLPClassifier,
  type MLPOptions,
  MLPRegressor,
  type NumericColumn,
  StandardScaler,
  StateError,
  type Table,
  trainTestSplit,
} from '../../src/classical/index.ts'
import { takeRows } from '../../src/classical/tables/table.ts'
import { compiledPrograms } from '../../src/tensor/realize.ts'
import { type TableName, uciDigits, uciTable } from './datasets.ts'

interface Case {
  readonly table: TableName
  readonly options: MLPOptions
  readonly loss: number
  readonly nIter: number
}

interface Expected {
  readonly steps: readonly (Case & { readonly lossCurve: readonly number[] })[]
  readonly minima: readonly Case[]
  readonly scores: Readonly<Record<string, { readonly lowest: number; readonly highest: number }>>
}

/** scripts/expected-mlp.py wrote it. */
const expected = JSON.parse(
  readFileSync(resolve(import.meta.dirname, 'expected/mlp.json'), 'utf8'),
) as Expected

/** Weights by a rule that the script has too. */
function fixedWeights(sizes: readonly number[]): { coefs: Matrix[]; intercepts: Float64Array[] } {
  let count = 0
  const values = (length: number): Float64Array =>
    Float64Array.from({ length }, () => 0.4 * Math.sin(1 + 1.7 * count++))
  const [coefs, intercepts]: [Matrix[], Float64Array[]] = [[], []]
  for (const [i, outputs] of sizes.slice(1).entries()) {
    coefs.push(new Matrix(sizes[i]!, outputs, values(sizes[i]! * outputs)))
    intercepts.push(values(outputs))
  }
  return { coefs, intercepts }
}

async function fitFrom({ table, options }: Case, data: Table): Promise<MLPClassifier | MLPRegressor> {
  const { x, y } = data.split()
  const scaled = await new StandardScaler().fitTransform(x)
  const regression = table === 'housing'
  const Kind = regression ? MLPRegressor : MLPClassifier
  const model = new Kind({ ...options, warmStart: true })
  const outputs = table === 'iris' ? 3 : 1
  Object.assign(model, fixedWeights([x.columns.length, ...options.hiddenLayerSizes!, outputs]))
  if (!regression) return (model as MLPClassifier).fit(scaled, y)
  const { values } = y as NumericColumn
  return (model as MLPRegressor).fit(scaled, await scaledTarget(values))
}

async function scaledTarget(values: Float64Array): Promise<Float64Array> {
  const table = await new StandardScaler().fitTransform(new Matrix(values.length, 1, values))
  return table.toMatrix().data
}

describe('from the same weights, scikit-learn goes the same way', () => {
  it.each(expected.steps.map((each) => [`${each.table} ${JSON.stringify(each.options)}`, each] as const))(
    '%s',
    async (_, each) => {
      const data = uciTable(each.table)
      if (data === undefined) return
      const model = await fitFrom(each, data)
      expect(model.nIter).toBe(each.nIter)
      const apart = each.lossCurve.map((loss, i) => Math.abs(model.lossCurve[i]! / loss - 1))
      expect(Math.max(...apart)).toBeLessThan(1e-5)
      expect(model.loss).toBe(model.lossCurve.at(-1))
      expect(model.converged).toBe(each.nIter < each.options.maxIter!)
    },
  )

  it.each(expected.minima.map((each) => [`${each.table} ${JSON.stringify(each.options)}`, each] as const))(
    'to the same minimum: %s',
    async (_, each) => {
      const data = uciTable(each.table)
      if (data === undefined) return
      const model = await fitFrom(each, data)
      expect(model.converged).toBe(true)
      expect(Math.abs(model.loss - each.loss)).toBeLessThan(1e-4)
    },
  )
})

describe('on samples not learned from, scores are those of scikit-learn', () => {
  it.each(['iris', 'wine', 'digits'] as const)('%s', async (name) => {
    const data = name === 'digits' ? uciDigits() : uciTable(name)
    if (data === undefined) return
    const { x, y } = data.split()
    const { train, test } = everyFourth(x.length)
    const scaled = await new StandardScaler().fitTransform(x)
    const model = new MLPClassifier({ maxIter: { iris: 400, wine: 200, digits: 25 }[name] })
    await model.fit(scaled.take(train), takeRows(y, train))
    const accuracy = await model.score(scaled.take(test), takeRows(y, test))
    // Seeds differ: one sample, or one of a hundred.
    const noise = Math.max(1, test.length / 100) + 1e-6
    expect(accuracy * test.length).toBeGreaterThan(expected.scores[name]!.lowest * test.length - noise)
  })

  it('housing', async () => {
    const data = uciTable('housing')
    if (data === undefined) return
    const { x, y } = data.split()
    const { train, test } = everyFourth(x.length)
    const scaled = await new StandardScaler().fitTransform(x)
    const target = await scaledTarget((y as NumericColumn).values)
    const take = (rows: readonly number[]): number[] => rows.map((row) => target[row]!)
    const model = await new MLPRegressor().fit(scaled.take(train), take(train))
    expect(await model.score(scaled.take(test), take(test))).toBeGreaterThan(
      expected.scores.housing!.lowest - 0.02,
    )
  })
})

function everyFourth(count: number): { train: number[]; test: number[] } {
  const rows = Array.from({ length: count }, (_, row) => row)
  return { train: rows.filter((row) => row % 4 !== 0), test: rows.filter((row) => row % 4 === 0) }
}

/** Two half moons, each of `count` points. */
function moons(count: number): { x: number[][]; y: string[]; angle: number[] } {
  const angle = Array.from({ length: 2 * count }, (_, i) => (Math.PI * (i % count)) / (count - 1))
  const x = angle.map((a, i) =>
    i < count ? [Math.cos(a), Math.sin(a)] : [1 - Math.cos(a), 0.5 - Math.sin(a)],
  )
  return { x, y: angle.map((_, i) => (i < count ? 'upper' : 'lower')), angle }
}

const { x, y, angle } = moons(40)

describe('MLPClassifier', () => {
  it('separates two moons by each solver, and comes back from JSON', async () => {
    for (const options of [
      { solver: 'adam', learningRateInit: 0.02 },
      { solver: 'sgd', learningRateInit: 0.2 },
      { solver: 'lbfgs' },
    ] as const) {
      const size = { hiddenLayerSizes: [20], batchSize: 20, maxIter: 300 }
      const model = await new MLPClassifier({ ...options, ...size }).fit(x, y)
      expect(await model.score(x, y)).toBe(1)
      expect(model.classes).toEqual(['lower', 'upper'])
      expect(model.coefs.map(({ rows, columns }) => [rows, columns])).toEqual([
        [2, 20],
        [20, 1],
      ])
      expect(model.lossCurve).toHaveLength(model.nIter)
      expect(model.bestLoss).toBe(Math.min(...model.lossCurve))
      const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as MLPClassifier
      const probabilities = await model.predictProba(x)
      expect(await copy.predictProba(x)).toEqual(probabilities)
      for (let i = 0; i < x.length; i++) expect(probabilities.get(i, 0) + probabilities.get(i, 1)).toBe(1)
      expect({ ...copy.toJSON() }).toEqual(model.toJSON())
    }
  })

  it('is the same for the same seed, another for another', async () => {
    const coefs = async (seed: number): Promise<Float64Array> =>
      (await new MLPClassifier({ seed, maxIter: 3, batchSize: 7 }).fit(x, y)).coefs[0]!.data
    expect(await coefs(5)).toEqual(await coefs(5))
    expect(await coefs(5)).not.toEqual(await coefs(6))
  })

  it('stops by the score on samples set aside, and keeps the best weights', async () => {
    const model = new MLPClassifier({
      earlyStopping: true,
      validationFraction: 0.25,
      learningRateInit: 0.02,
    })
    await model.fit(x, y)
    const { validationScores: scores, nIter, options } = model
    expect(scores).toHaveLength(nIter)
    const best = Math.max(...scores)
    expect(best).toBeGreaterThan(scores[0]!)
    // Eleven epochs brought nothing.
    expect(model.converged).toBe(true)
    expect(nIter).toBe(scores.indexOf(best) + 12)
    const codes = y.map((label) => Number(label === 'upper'))
    const { xTest, yTest } = await trainTestSplit(x, codes, {
      testSize: 0.25,
      seed: options.seed,
      stratify: true,
    })
    expect(
      await model.score(
        xTest,
        yTest.map((code) => model.classes[code]!),
      ),
    ).toBe(best)
  })

  it('goes on where it stopped with warmStart, from weights that fit alone', async () => {
    const model = new MLPClassifier({ warmStart: true, maxIter: 20, solver: 'sgd', learningRateInit: 0.1 })
    const first = (await model.fit(x, y)).loss
    expect((await model.fit(x, y)).lossCurve[0]!).toBeLessThan(first)
    await expect(model.fit([[1], [2]], ['a', 'b'])).rejects.toThrow(
      'starts from coefs and intercepts of 2x100+100, 100x1+1; these samples and hiddenLayerSizes need 1x100+100',
    )
  })

  it('compiles two programs for a fit with a smaller last batch, however long, and leaves the event loop free', async () => {
    const model = new MLPClassifier({
      hiddenLayerSizes: [11],
      batchSize: 30,
      maxIter: 300,
      tol: 0,
      nIterNoChange: 300,
    })
    const before = compiledPrograms
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    await model.fit(x, y)
    clearInterval(timer)
    expect(model.nIter).toBe(300)
    expect(compiledPrograms - before).toBe(2)
    expect(turns).toBeGreaterThan(5)
  })

  it('says what it cannot use', async () => {
    const wrong: [MLPOptions, string][] = [
      [{ hiddenLayerSizes: [5, 0] }, 'a size in hiddenLayerSizes is 0; it must be an integer at least 1'],
      [{ hiddenLayerSizes: 100 as unknown as number[] }, 'hiddenLayerSizes must be a list'],
      [{ activation: 'sigmoid' as 'logistic' }, "activation is 'sigmoid'; it must be one of 'identity'"],
      [{ beta1: 1 }, 'beta1 is 1; it must be a number at least 0 and below 1'],
      [{ learningRateInit: 0 }, 'learningRateInit is 0; it must be a number above 0'],
      [{ batchSize: 0 }, 'batchSize is 0'],
      [{ shuffle: 1 as unknown as boolean }, 'shuffle is 1; it must be true or false'],
      [{ hidden: 1 } as MLPOptions, "MLPClassifier has no option 'hidden'"],
    ]
    for (const [options, message] of wrong) expect(() => new MLPClassifier(options)).toThrow(message)
    await expect(
      new MLPClassifier().fit(
        x,
        x.map(() => 1),
      ),
    ).rejects.toThrow("of one class, '1'")
    await expect(new MLPClassifier().fit([[1], [Number.NaN]], [0, 1])).rejects.toThrow('x is NaN in row 1')
    const wild = new MLPClassifier({ solver: 'sgd', learningRateInit: 1e30, activation: 'identity' })
    await expect(wild.fit(x, y)).rejects.toThrow(
      /the loss is \S+ after \d+ epochs; bring the columns to one scale/,
    )
    const damaged = JSON.parse(JSON.stringify(await new MLPClassifier({ maxIter: 1 }).fit(x, y)))
    for (const change of [
      (fitted) => fitted.layers.pop(),
      (fitted) => fitted.layers[0].intercept.pop(),
      (fitted) => (fitted.layers[0].coef.rows = 3),
      (fitted) => (fitted.layers[1].coef.data = 'AAAA'),
      (fitted) => (fitted.layers[1].intercept = [null]),
      (fitted) => (fitted.layers[1].intercept = { float64: btoa('\0\0\0\0\0\0\xf8\x7f') }),
      (fitted) => delete fitted.lossCurve,
      (fitted) => (fitted.converged = 'yes'),
      (fitted) => fitted.classes.push('third'),
    ] as ((fitted: ReturnType<typeof JSON.parse>) => unknown)[]) {
      const copy = structuredClone(damaged)
      change(copy.fitted)
      await expect(estimatorFromJson(copy)).rejects.toThrow(StateError)
    }
  })
})

describe('MLPRegressor', () => {
  it('follows a curve, and comes back from JSON', async () => {
    const samples = angle.map((value) => [value])
    const wave = angle.map((value) => Math.sin(2 * value))
    const model = await new MLPRegressor({
      solver: 'lbfgs',
      activation: 'tanh',
      hiddenLayerSizes: [8],
      maxIter: 1000,
    })
    await model.fit(samples, wave)
    expect(await model.score(samples, wave)).toBeGreaterThan(0.999)
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as MLPRegressor
    expect(await copy.predict(samples)).toEqual(await model.predict(samples))
  })

  it('sets samples aside by R2', async () => {
    const model = new MLPRegressor({ earlyStopping: true, learningRateInit: 0.01 })
    await model.fit(
      angle.map((value) => [value]),
      angle,
    )
    expect(Math.max(...model.validationScores)).toBeGreaterThan(0.9)
  })
})
