import { describe, expect, it } from 'vitest'
import {
  type AnyClassifier,
  BernoulliNB,
  CategoricalNB,
  type EstimatorClass,
  estimatorFromJson,
  GaussianNB,
  InputError,
  Matrix,
  type MethodName,
  MultinomialNB,
  methods,
  NaiveBayes,
  nominalColumn,
  numericColumn,
  type ProbabilisticClassifier,
  StateError,
  Table,
} from '../../src/classical/index.ts'
import { uciDigits, uciTable, wekaTable } from './datasets.ts'
import cases from './expected/bayes.json' with { type: 'json' }
import { anderson } from './iris.ts'
import { weatherNominal, weatherNumeric } from './weather.ts'

type Probabilistic = ProbabilisticClassifier<object, 'matrix'>

const tables = {
  iris: anderson,
  wine: () => uciTable('wine'),
  pima: () => uciTable('pima-indians-diabetes'),
  glass: () => uciTable('glass'),
  digits: uciDigits,
}

const play = weatherNominal.column('play')
const days = weatherNominal.drop('play')

describe('naive Bayes as scikit-learn has it', () => {
  it.each(
    cases.map((each) => [
      `${each.method} ${JSON.stringify(each.options)}${each.weighted ? ', weighted' : ''} on ${each.data}`,
      each,
    ]),
  )('%s', async (_, each) => {
    const table = tables[each.data as keyof typeof tables]()
    if (table === undefined) return
    const { x, y } = table.split()
    const Method = (await methods[each.method as MethodName].load()) as EstimatorClass<AnyClassifier>
    const model = new Method(each.options) as unknown as Probabilistic
    const sampleWeight = Float64Array.from({ length: x.length }, (_value, i) => 1 + (i % 3))
    await model.fit(x, y, each.weighted ? { sampleWeight } : {})
    expect(Math.round((await model.score(x, y)) * x.length)).toBe(each.correct)
    const probabilities = await model.predictProba(x.take(each.rows))
    for (const [i, row] of each.probabilities.entries()) {
      for (const [c, wanted] of row.entries()) {
        expect(Math.abs(probabilities.get(i, c) - wanted), `row ${each.rows[i]}`).toBeLessThan(1e-8)
      }
    }
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as unknown as Probabilistic
    expect(await copy.predictProba(x)).toEqual(await model.predictProba(x))
  })
})

describe('naive Bayes over categories', () => {
  const query = [['sunny', 'cool', 'high', 'true']]
  const overcast = [['overcast', 'cool', 'high', 'true']]

  it.each([
    ['NaiveBayes without smoothing', new NaiveBayes({ alpha: 0, priors: 'empirical' }), query, 0.204583],
    ['NaiveBayes without smoothing', new NaiveBayes({ alpha: 0, priors: 'empirical' }), overcast, 1],
    ['CategoricalNB without smoothing', new CategoricalNB({ alpha: 0 }), query, 0.204583],
    ['CategoricalNB', new CategoricalNB(), query, 0.279933],
    ['CategoricalNB', new CategoricalNB(), overcast, 0.721583],
    ['NaiveBayes', new NaiveBayes(), query, 0.264686],
    ['NaiveBayes with plain priors', new NaiveBayes({ priors: 'empirical' }), query, 0.279933],
  ])('%s (%#)', async (_, model, day, yes) => {
    await model.fit(days, play)
    const [no, found] = (await model.predictProba(day)).toArray()[0]!
    expect(found).toBeCloseTo(yes, 6)
    expect(no).toBeCloseTo(1 - yes, 6)
  })

  it('gives the scores before they are normalised', async () => {
    // P(yes) times the likelihoods is 0.00529101, that of no 0.02057143.
    const model = await new CategoricalNB({ alpha: 0 }).fit(days, play)
    const score = (c: number): number =>
      Math.exp(
        [2, 0, 0, 1].reduce(
          (sum, code, f) => sum + model.featureLogProb[f]!.get(c, code),
          model.classLogPrior[c]!,
        ),
      )
    expect(days.columns.map((column) => column.kind === 'nominal' && column.categories)).toEqual([
      ['overcast', 'rainy', 'sunny'],
      ['cool', 'hot', 'mild'],
      ['high', 'normal'],
      ['false', 'true'],
    ])
    expect(score(1)).toBeCloseTo(0.00529101, 8)
    expect(score(0)).toBeCloseTo(0.02057143, 8)
  })

  it('falls back on the priors where every class is impossible', async () => {
    const x = new Table([
      nominalColumn('a', ['u', 'v', 'v'], ['u', 'v']),
      nominalColumn('b', ['u', 'v', 'v'], ['u', 'v']),
    ])
    const model = await new CategoricalNB({ alpha: 0 }).fit(x, ['p', 'q', 'q'])
    const [row] = (await model.predictProba([['u', 'v']])).toArray()
    expect(row).toEqual([expect.closeTo(1 / 3), expect.closeTo(2 / 3)])
    const clipped = await new CategoricalNB({ alpha: 0, forceAlpha: false }).fit(x, ['p', 'q', 'q'])
    expect((await clipped.predictProba([['u', 'v']])).get(0, 0)).not.toBeCloseTo(1 / 3, 3)
  })

  it('names categories that it does not know', async () => {
    const model = await new CategoricalNB().fit(days, play)
    await expect(model.predict([['foggy', 'cool', 'high', 'true']])).rejects.toThrow("'foggy'")
    const numbers = await new CategoricalNB().fit([[0], [2]], ['a', 'b'])
    await expect(numbers.predict([[3]])).rejects.toThrow('categories below 3 were fitted; set minCategories')
    await expect(new CategoricalNB().fit([[0.5]], ['a'])).rejects.toThrow('0.5 in row 0')
    await expect(new CategoricalNB().fit([[-1]], ['a'])).rejects.toThrow('not a category')
    const more = await new CategoricalNB({ minCategories: [4] }).fit([[0], [2]], ['a', 'b'])
    expect(await more.predict([[3]])).toEqual(['a'])
    await expect(new CategoricalNB({ minCategories: [4, 4] }).fit([[0]], ['a'])).rejects.toThrow(InputError)
  })
})

describe('MultinomialNB', () => {
  it('follows example 13.1 of Introduction to Information Retrieval', async () => {
    // Words: Beijing Chinese Japan Macao Shanghai Tokyo.
    const documents = [
      [1, 2, 0, 0, 0, 0],
      [0, 2, 0, 0, 1, 0],
      [0, 1, 0, 1, 0, 0],
      [0, 1, 1, 0, 0, 1],
    ]
    const model = await new MultinomialNB().fit(documents, ['c', 'c', 'c', 'not c'])
    const probability = (c: number, word: number): number => Math.exp(model.featureLogProb.get(c, word))
    expect([probability(0, 1), probability(0, 5), probability(1, 1), probability(1, 5)]).toEqual(
      [3 / 7, 1 / 14, 2 / 9, 2 / 9].map((value) => expect.closeTo(value, 12)),
    )
    const query = [[0, 3, 1, 0, 0, 1]]
    expect(await model.predict(query)).toEqual(['c'])
    const [c, other] = [0.000301214, 0.000135481]
    expect((await model.predictProba(query)).get(0, 0)).toBeCloseTo(c / (c + other), 5)
    const bare = await new MultinomialNB({ alpha: 0 }).fit(documents, ['c', 'c', 'c', 'not c'])
    expect((await bare.predictProba([[1, 0, 0, 0, 0, 0]])).toArray()).toEqual([[1, 0]])
  })

  it('refuses what is no count', async () => {
    await expect(new MultinomialNB().fit([[1, -2]], ['a'])).rejects.toThrow('-2 in row 0, column 1')
    await expect(new MultinomialNB({ alpha: [1, 1, 1] }).fit([[1, 2]], ['a'])).rejects.toThrow('3 numbers')
    await expect(new BernoulliNB({ binarize: null }).fit([[1, 2]], ['a'])).rejects.toThrow('neither 0 nor 1')
  })
})

describe('GaussianNB', () => {
  it('has the means and variances of iris', async () => {
    const iris = anderson()
    if (iris === undefined) return
    const { x, y } = iris.split()
    const model = await new GaussianNB({ varSmoothing: 0 }).fit(x, y)
    const close = (rows: number[][]): unknown =>
      rows.map((row) => row.map((value) => expect.closeTo(value, 6)))
    expect(model.theta.toArray()).toEqual(
      close([
        [5.006, 3.428, 1.462, 0.246],
        [5.936, 2.77, 4.26, 1.326],
        [6.588, 2.974, 5.552, 2.026],
      ]),
    )
    expect(model.variance.toArray()).toEqual(
      close([
        [0.121764, 0.140816, 0.029556, 0.010884],
        [0.261104, 0.0965, 0.2164, 0.038324],
        [0.396256, 0.101924, 0.298496, 0.073924],
      ]),
    )
    const usual = await new GaussianNB().fit(x, y)
    expect(await usual.score(x, y)).toBeCloseTo(0.96, 12)
    const [row] = (await usual.predictProba(x.take([70]))).toArray()
    expect(row![0]! / 2.6e-130).toBeCloseTo(1, 1)
    expect(row!.slice(1)).toEqual([expect.closeTo(0.154494, 6), expect.closeTo(0.845506, 6)])
    let hits = 0
    for (let out = 0; out < x.length; out++) {
      const rest = Array.from({ length: x.length }, (_, i) => i).filter((i) => i !== out)
      const labels = rest.map((i) => Math.floor(i / 50))
      const [label] = await (await new GaussianNB().fit(x.take(rest), labels)).predict(x.take([out]))
      if (label === Math.floor(out / 50)) hits++
    }
    expect(hits / 150).toBeCloseTo(0.953333, 6)
  })

  it('has scikit-learn’s numbers on the weather', async () => {
    const model = await new GaussianNB().fit(weatherNumeric.select(['temperature', 'humidity']), play)
    const [row] = (await model.predictProba([[66, 90]])).toArray()
    expect(row).toEqual([expect.closeTo(0.461597, 6), expect.closeTo(0.538403, 6)])
    expect(model.epsilon).toBeCloseTo(9.823e-8, 10)
    const bare = model.variance.data.map((value) => value - model.epsilon)
    expect(Array.from(bare)).toEqual([49.84, 75.76, 33.777778, 92.765432].map((v) => expect.closeTo(v, 6)))
  })

  it('names the column that is constant and the class without weight', async () => {
    const model = new GaussianNB({ varSmoothing: 0 })
    await expect(
      model.fit(
        [
          [1, 1],
          [2, 1],
          [3, 2],
          [4, 3],
        ],
        ['a', 'a', 'b', 'b'],
      ),
    ).rejects.toThrow("column 1 is constant in class 'a'")
    const fit = new GaussianNB().fit([[1], [2]], ['a', 'b'], { sampleWeight: [1, 0] })
    await expect(fit).rejects.toThrow("all samples of class 'b' have weight 0")
    await expect(new GaussianNB().fit([[1], [Number.NaN]], ['a', 'b'])).rejects.toThrow('NaN in row 1')
    await expect(new GaussianNB({ priors: [0.5, 0.5] }).fit([[1], [2]], [1, 1])).rejects.toThrow(
      'priors has 2 numbers for 1 classes',
    )
  })
})

describe('NaiveBayes', () => {
  const x = weatherNumeric.drop('play')
  const query = [['sunny', 66, 90, 'true']]

  it('has the means, deviations and probabilities of the book', async () => {
    const model = await new NaiveBayes({ alpha: 0, priors: 'empirical' }).fit(x, play)
    const density = (f: number, c: number, value: number): number => {
      const column = model.columns[f]!
      if (column.kind !== 'numeric') throw new Error('not numeric')
      const [mean, deviation] = [column.mean[c]!, column.standardDeviation[c]!]
      return Math.exp(-0.5 * ((value - mean) / deviation) ** 2) / Math.sqrt(2 * Math.PI * deviation ** 2)
    }
    expect(model.columns[1]).toMatchObject({
      mean: { 0: expect.closeTo(74.6, 6), 1: expect.closeTo(73, 6) },
      standardDeviation: { 0: expect.closeTo(7.893035, 6), 1: expect.closeTo(6.164414, 6) },
    })
    expect(model.columns[2]).toMatchObject({
      mean: { 0: expect.closeTo(86.2, 6), 1: expect.closeTo(79.111111, 6) },
      standardDeviation: { 0: expect.closeTo(9.731393, 6), 1: expect.closeTo(10.215729, 6) },
    })
    expect(density(1, 1, 66)).toBeCloseTo(0.033964, 6)
    expect(density(1, 0, 66)).toBeCloseTo(0.027918, 6)
    expect(density(2, 1, 90)).toBeCloseTo(0.022128, 6)
    expect(density(2, 0, 90)).toBeCloseTo(0.037986, 6)
    const [no, yes] = (await model.predictProba(query)).toArray()[0]!
    expect([yes, no]).toEqual([expect.closeTo(0.207902, 6), expect.closeTo(0.792098, 6)])
    // Not normalised: 9/14 * 2/9 * 3/9 * densities.
    expect((9 / 14) * (2 / 9) * (3 / 9) * density(1, 1, 66) * density(2, 1, 90)).toBeCloseTo(0.00003579, 8)
    expect((5 / 14) * (3 / 5) * (3 / 5) * density(1, 0, 66) * density(2, 0, 90)).toBeCloseTo(0.00013635, 8)
    const population = new NaiveBayes({ alpha: 0, priors: 'empirical', variance: 'population' })
    const [row] = (await (await population.fit(x, play)).predictProba(query)).toArray()
    expect(row).toEqual([expect.closeTo(0.806453, 6), expect.closeTo(0.193547, 6)])
  })

  it('errs on one of the 14 days', async () => {
    const model = await new NaiveBayes().fit(x, play)
    expect((await model.score(x, play)) * 14).toBeCloseTo(13, 9)
  })

  it('gets as many right as Weka does', async () => {
    for (const [name, correct] of [
      ['iris', 144],
      ['weather.nominal', 13],
      ['labor', 56],
      ['contact-lenses', 23],
      ['vote', 393],
    ] as const) {
      const table = wekaTable(name)
      if (table === undefined) return
      const { x: columns, y } = table.split()
      const model = await new NaiveBayes().fit(columns, y)
      expect((await model.score(columns, y)) * columns.length, name).toBeCloseTo(correct, 6)
    }
  })

  it('leaves missing values out', async () => {
    const known = new Table([numericColumn('a', [1, 2, 8, 9]), nominalColumn('b', ['u', 'v', 'u', 'u'])])
    const gaps = new Table([
      numericColumn('a', [1, 2, 8, 9, Number.NaN, Number.NaN]),
      nominalColumn('b', ['u', 'v', 'u', 'u', null, null]),
    ])
    const y = ['p', 'p', 'q', 'q', 'p', 'q']
    const a = await new NaiveBayes().fit(known, y.slice(0, 4))
    const b = await new NaiveBayes().fit(gaps, y)
    expect(b.columns).toEqual(a.columns)
    expect((await b.predictProba(gaps)).row(5)).toEqual(b.classPrior)
    const [onlyA, both] = (
      await a.predictProba([
        [3, null],
        [3, 'v'],
      ])
    ).toArray()
    expect(onlyA![0]).toBeLessThan(both![0]!)
  })

  it('works with constant columns and classes of one sample', async () => {
    const model = await new NaiveBayes().fit(
      [
        [1, 5],
        [2, 5],
        [9, 5],
      ],
      ['a', 'a', 'b'],
    )
    expect(
      await model.predict([
        [1, 5],
        [9, 5],
      ]),
    ).toEqual(['a', 'b'])
    for (const column of model.columns) {
      if (column.kind === 'numeric') expect(column.standardDeviation.every((value) => value > 0)).toBe(true)
    }
  })

  it('counts weights as repetitions', async () => {
    const sampleWeight = Array.from({ length: 14 }, (_, i) => 1 + (i % 2))
    const repeated = Array.from({ length: 14 }, (_, i) => (i % 2 ? [i, i] : [i])).flat()
    const a = await new NaiveBayes().fit(x, play, { sampleWeight })
    const labels = weatherNumeric.take(repeated)
    const b = await new NaiveBayes().fit(labels.drop('play'), labels.column('play'))
    const [left, right] = [await a.predictProba(x), await b.predictProba(x)]
    for (const [i, value] of left.data.entries()) expect(value).toBeCloseTo(right.data[i]!, 12)
  })
})

describe('saved naive Bayes', () => {
  it('refuses damage', async () => {
    const numbers = [
      [0, 1],
      [1, 0],
      [2, 2],
      [0, 2],
    ]
    const fitted = await Promise.all([
      new GaussianNB().fit(numbers, [0, 0, 1, 1]),
      new MultinomialNB().fit(numbers, [0, 0, 1, 1]),
      new BernoulliNB().fit(numbers, [0, 0, 1, 1]),
      new CategoricalNB().fit(days, play),
      new NaiveBayes().fit(weatherNumeric.drop('play'), play),
    ])
    for (const model of fitted) {
      const json = JSON.parse(JSON.stringify(model))
      for (const key of Object.keys(json.fitted)) {
        for (const damage of [undefined, 'x', [], { rows: 1, columns: 1, data: [1] }, [1, 2, 3]]) {
          if (key === 'epsilon' || key === 'classes' || key === 'features' || key === 'fromTable') continue
          const damaged = { ...json, fitted: { ...json.fitted, [key]: damage } }
          await expect(
            estimatorFromJson(JSON.parse(JSON.stringify(damaged))),
            `${json.method} ${key} ${JSON.stringify(damage)}`,
          ).rejects.toThrow(StateError)
        }
      }
    }
    const gaussian = JSON.parse(JSON.stringify(fitted[0]))
    gaussian.fitted.variance.data[0] = 0
    await expect(estimatorFromJson(gaussian)).rejects.toThrow('not above 0')
  })

  it('refuses bad options', () => {
    expect(() => new GaussianNB({ varSmoothing: -1 })).toThrow(InputError)
    expect(() => new GaussianNB({ priors: [0.5, 0.6] })).toThrow('their sum 1')
    expect(() => new MultinomialNB({ alpha: [1, -1] })).toThrow('alpha is -1')
    expect(() => new BernoulliNB({ classPrior: [] })).toThrow(InputError)
    expect(() => new NaiveBayes({ variance: 'both' as 'sample' })).toThrow("variance is 'both'")
    expect(() => new CategoricalNB({ minCategories: 0 })).toThrow('minCategories is 0')
  })

  it('predicts from matrices as from rows', async () => {
    const rows = [
      [0, 1],
      [1, 0],
      [2, 2],
      [0, 2],
    ]
    const model = await new GaussianNB().fit(Matrix.from(rows), [0, 0, 1, 1])
    expect(await model.predict(Matrix.from(rows))).toEqual(await model.predict(rows))
  })
})
