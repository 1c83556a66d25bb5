import { describe, expect, it } from 'vitest'
import {
  crossValidate,
  estimatorFromJson,
  InputError,
  nominalColumn,
  numericColumn,
  OneR,
  StateError,
  Table,
} from '../../src/classical/index.ts'
import { uciTable, wekaTable } from './datasets.ts'
import { weatherNominal, weatherNumeric } from './weather.ts'

/** The classes in Weka's order, which decides ties. */
const play = (({ categories, codes }) =>
  nominalColumn(
    'play',
    Array.from(codes, (code) => categories[code]!),
    ['yes', 'no'],
  ))(weatherNominal.column('play') as ReturnType<typeof nominalColumn>)

describe('OneR', () => {
  it.each([
    ['outlook', 10],
    ['temperature', 9],
    ['humidity', 10],
    ['windy', 9],
  ])('gets %s right for %i of 14 days', async (name, correct) => {
    const x = weatherNominal.select([name])
    const model = await new OneR().fit(x, play)
    expect((await model.score(x, play)) * 14).toBeCloseTo(correct, 9)
  })

  it('takes the first of the best columns', async () => {
    for (const table of [weatherNominal, weatherNumeric]) {
      const model = await new OneR().fit(table.drop('play'), play)
      expect(model.toText()).toBe(
        'outlook:\n  overcast -> yes\n  rainy -> yes\n  sunny -> no\n(10/14 correct)',
      )
    }
  })

  it('cuts numbers where a bucket is full and the majority changes', async () => {
    const humidity = await new OneR().fit(weatherNumeric.select(['humidity']), play)
    expect(humidity.toText()).toBe('humidity:\n  < 82.5 -> yes\n  >= 82.5 -> no\n(10/14 correct)')
    const x = weatherNumeric.select(['temperature'])
    const temperature = await new OneR({ minBucketSize: 1 }).fit(x, play)
    expect(Array.from(temperature.cuts)).toEqual([64.5, 66.5, 70.5, 71.5, 77.5, 80.5, 84])
    expect(await temperature.predict([[64], [65], [68], [71], [72], [80], [81], [85]])).toEqual([
      'yes',
      'no',
      'yes',
      'no',
      'yes',
      'no',
      'yes',
      'no',
    ])
    expect(await temperature.score(x, play)).toBeCloseTo(13 / 14, 12)
  })

  it('takes a missing value as a category, and the majority of all where there was none', async () => {
    const x = new Table([nominalColumn('a', ['u', 'u', 'v', null, null], ['u', 'v', 'w'])])
    const y = ['yes', 'yes', 'no', 'no', 'no']
    const model = await new OneR().fit(x, y)
    expect(await model.predict(x)).toEqual(y)
    expect(model.toText()).toBe('a:\n  u -> yes\n  v -> no\n  w -> no\n  ? -> no\n(5/5 correct)')
    const known = await new OneR().fit([[1], [2], [3]], ['a', 'b', 'b'])
    expect(await known.predict([[null]])).toEqual(['b'])
  })

  it('has the classes of a bucket as probabilities', async () => {
    const model = await new OneR().fit(weatherNumeric.select(['humidity']), play)
    const probabilities = await model.predictProba([[70], [95]])
    expect(probabilities.toArray()).toEqual([
      [expect.closeTo(6 / 7), expect.closeTo(1 / 7)],
      [expect.closeTo(3 / 7), expect.closeTo(4 / 7)],
    ])
  })

  it('keeps apart numbers between which no other lies', async () => {
    const [low, high] = [1, 1 + 2 ** -52]
    const x = new Table([numericColumn('a', [low, high])])
    const model = await new OneR({ minBucketSize: 1 }).fit(x, ['a', 'b'])
    expect(await model.predict(x)).toEqual(['a', 'b'])
  })

  it("agrees with Weka's rules on real tables", async () => {
    for (const [name, feature, correct] of [
      ['iris', 'petalwidth', 144],
      ['labor', 'wage-increase-first-year', 48],
      ['contact-lenses', 'tear-prod-rate', 17],
      ['vote', 'physician-fee-freeze', 416],
      ['diabetes', 'plas', 587],
    ] as const) {
      const table = wekaTable(name)
      if (table === undefined) return
      const { x, y } = table.split()
      const model = await new OneR().fit(x, y)
      expect(model.features[model.feature]!.name, name).toBe(feature)
      expect((await model.score(x, y)) * x.length, name).toBeCloseTo(correct, 6)
      if (name === 'diabetes') {
        expect(Array.from(model.cuts)).toEqual([
          114.5, 115.5, 127.5, 128.5, 133.5, 135.5, 143.5, 152.5, 154.5,
        ])
      }
    }
  })

  it('reaches the published accuracy on Pima in cross-validation', async () => {
    const table = uciTable('pima-indians-diabetes')
    if (table === undefined) return
    const { x, y } = table.split()
    const { mean } = await crossValidate(new OneR(), x, y, { seed: 1 })
    expect(Math.abs(mean - 0.715)).toBeLessThan(0.02)
  })

  it('comes back from JSON, damaged ones do not', async () => {
    const x = weatherNumeric.drop('play')
    for (const columns of [x, x.select(['humidity'])]) {
      const model = await new OneR().fit(columns, play)
      const json = JSON.parse(JSON.stringify(model))
      const copy = (await estimatorFromJson(json)) as OneR
      expect(await copy.predictProba(columns)).toEqual(await model.predictProba(columns))
      for (const damage of [
        { feature: 9 },
        { feature: -1 },
        { cuts: [3, 2] },
        { cuts: [1, 2, 3, 4] },
        { counts: { rows: 1, columns: 2, data: [1, 1] } },
        { counts: { ...json.fitted.counts, data: json.fitted.counts.data.map(() => 0) } },
      ]) {
        const damaged = { ...json, fitted: { ...json.fitted, ...damage } }
        await expect(estimatorFromJson(damaged), JSON.stringify(damage)).rejects.toThrow(StateError)
      }
    }
  })

  it('refuses bad options and infinite numbers', async () => {
    expect(() => new OneR({ minBucketSize: 0 })).toThrow(InputError)
    expect(() => new OneR({ minBucketSize: 1.5 })).toThrow('minBucketSize is 1.5')
    await expect(new OneR().fit([[Number.POSITIVE_INFINITY]], ['a'])).rejects.toThrow('infinite')
  })
})
