import { describe, expect, it } from 'vitest'
import {
  C45,
  type C45Options,
  estimatorFromJson,
  Id3,
  InputError,
  NotFittedError,
  nominalColumn,
  numericColumn,
  StateError,
  Table,
} from '../../src/classical/index.ts'
import { informationOf } from '../../src/classical/trees/information.ts'
import {
  estimatedErrors,
  upperErrorRate,
  upperQuantile,
} from '../../src/classical/trees/pessimistic-error.ts'
import { type ArffName, wekaTable } from './datasets.ts'
// What Weka 3.6.14 prints: java weka.classifiers.trees.J48 <flags> -t <file>.arff -no-cv
import j48 from './expected/j48.json' with { type: 'json' }
import { weatherNominal, weatherNumeric } from './weather.ts'

const { x: days, y: play } = weatherNominal.split('play')

/** [yes, no] in each branch. */
const branches = {
  outlook: [
    [2, 3],
    [4, 0],
    [3, 2],
  ],
  temperature: [
    [2, 2],
    [4, 2],
    [3, 1],
  ],
  humidity: [
    [3, 4],
    [6, 1],
  ],
  windy: [
    [6, 2],
    [3, 3],
  ],
}

describe('information', () => {
  it.each([
    ['outlook', 0.24675, 1.577406, 0.156428],
    ['temperature', 0.029223, 1.556657, 0.018773],
    ['humidity', 0.151836, 1, 0.151836],
    ['windy', 0.048127, 0.985228, 0.048849],
  ] as const)('of %s at the root of the weather', (name, gain, splitInfo, gainRatio) => {
    const found = informationOf(branches[name])
    expect(found.gain).toBeCloseTo(gain, 6)
    expect(found.splitInfo).toBeCloseTo(splitInfo, 6)
    expect(found.gainRatio).toBeCloseTo(gainRatio, 6)
    // The entropy that is left: 0.9402859587 bits less the gain.
    const left = { outlook: 0.693536, temperature: 0.911063, humidity: 0.78845, windy: 0.892159 }[name]
    expect(0.9402859587 - found.gain).toBeCloseTo(left, 6)
  })

  it.each([
    [
      'sunny',
      'temperature',
      [
        [0, 2],
        [1, 1],
        [1, 0],
      ],
      0.570951,
    ],
    [
      'sunny',
      'humidity',
      [
        [0, 3],
        [2, 0],
      ],
      0.970951,
    ],
    [
      'sunny',
      'windy',
      [
        [1, 2],
        [1, 1],
      ],
      0.019973,
    ],
    [
      'rainy',
      'temperature',
      [
        [2, 1],
        [1, 1],
      ],
      0.019973,
    ],
    [
      'rainy',
      'humidity',
      [
        [1, 1],
        [2, 1],
      ],
      0.019973,
    ],
    [
      'rainy',
      'windy',
      [
        [3, 0],
        [0, 2],
      ],
      0.970951,
    ],
  ] as const)('when it is %s, of %s', (_, __, counts, gain) => {
    expect(informationOf(counts).gain).toBeCloseTo(gain, 6)
  })

  it('of a row number, and of the best cuts of numbers', () => {
    const rows = Array.from({ length: 14 }, (_, i) => (i < 9 ? [1, 0] : [0, 1]))
    const all = informationOf(rows)
    expect([all.gain, all.splitInfo, all.gainRatio]).toEqual(
      [0.940286, 3.807355, 0.246966].map((value) => expect.closeTo(value, 6)),
    )
    expect(
      informationOf([
        [9, 4],
        [0, 1],
      ]).gain,
    ).toBeCloseTo(0.113401, 6)
    expect(
      informationOf([
        [7, 2],
        [2, 3],
      ]).gain,
    ).toBeCloseTo(0.102244, 6)
    expect(
      informationOf([
        [6, 1],
        [3, 4],
      ]).gain,
    ).toBeCloseTo(0.151836, 6)
  })

  it('counts missing values against a column', () => {
    // Quinlan 1993, 3.2: outlook of day 5 (overcast) missing: gain 13/14 * 0.214, split info 1.809.
    const found = informationOf(
      [
        [2, 3],
        [3, 0],
        [3, 2],
      ],
      1,
    )
    expect(found.gain).toBeCloseTo(0.199, 3)
    expect(found.splitInfo).toBeCloseTo(1.809, 3)
  })
})

describe('pessimistic errors', () => {
  it('follow the example of the book', () => {
    const z = 0.69
    const [six, two] = [upperErrorRate(2 / 6, 6, z), upperErrorRate(1 / 2, 2, z)]
    expect(six).toBeCloseTo(0.473988, 6)
    expect(two).toBeCloseTo(0.719248, 6)
    expect((12 * six + 2 * two) / 14).toBeCloseTo(0.509025, 6)
    expect(upperErrorRate(5 / 14, 14, z)).toBeCloseTo(0.448865, 6)
  })

  it('use the normal quantile and the exact binomial limit', () => {
    for (const [probability, z] of [
      [0.5, 0],
      [0.25, 0.6744897501960817],
      [0.1, 1.2815515655446004],
      [0.001, 3.090232306167813],
    ] as const) {
      expect(upperQuantile(probability)).toBeCloseTo(z, 10)
    }
    expect(estimatedErrors(6, 0, 0.25)).toBeCloseTo(6 * (1 - 0.25 ** (1 / 6)), 12)
    const [none, one] = [estimatedErrors(6, 0, 0.25), estimatedErrors(6, 1, 0.25)]
    expect(estimatedErrors(6, 0.5, 0.25)).toBeCloseTo((none + one) / 2, 12)
    expect(estimatedErrors(3, 2.8, 0.25)).toBe(3)
  })
})

describe('Id3', () => {
  it('learns the tree of the weather', async () => {
    const model = await new Id3().fit(days, play)
    expect(model.toText()).toBe(
      [
        'outlook = overcast: yes (4.0)',
        'outlook = rainy',
        '|   windy = false: yes (3.0)',
        '|   windy = true: no (2.0)',
        'outlook = sunny',
        '|   humidity = high: no (3.0)',
        '|   humidity = normal: yes (2.0)',
        '',
        'Number of leaves: 5',
        'Size of the tree: 8',
      ].join('\n'),
    )
    expect(await model.score(days, play)).toBe(1)
    const diagram = model.toDiagram()
    expect(diagram.label).toBe('outlook')
    expect(diagram.children!.map(({ edge, label }) => [edge, label])).toEqual([
      ['= overcast', 'yes'],
      ['= rainy', 'windy'],
      ['= sunny', 'humidity'],
    ])
    expect(diagram.children![0]).toEqual({ label: 'yes', detail: '4.0', edge: '= overcast', colour: 1 })
  })

  it('asks for the row number where there is one', async () => {
    const id = nominalColumn(
      'id',
      Array.from({ length: 14 }, (_, i) => String(i)),
    )
    const x = new Table([...days.columns, id])
    const model = await new Id3().fit(x, play)
    expect(model.features[model.tree.feature]!.name).toBe('id')
    expect(model.leafCount).toBe(14)
  })

  it('has nine leaves on the contact lenses', async () => {
    const table = wekaTable('contact-lenses')
    if (table === undefined) return
    const { x, y } = table.split()
    const model = await new Id3().fit(x, y)
    expect(model.leafCount).toBe(9)
    expect(await model.score(x, y)).toBe(1)
  })

  it('predicts the majority of the node above an empty branch', async () => {
    const x = new Table([nominalColumn('a', ['u', 'u', 'v'], ['u', 'v', 'w'])])
    const model = await new Id3().fit(x, ['p', 'p', 'q'])
    expect(await model.predict([['w']])).toEqual(['p'])
    expect(model.toText()).toContain('a = w: p (0.0)')
  })

  it('counts weights as repetitions', async () => {
    const rows = Array.from({ length: 14 }, (_, i) => (i % 3 === 0 ? [i, i] : [i])).flat()
    const sampleWeight = Array.from({ length: 14 }, (_, i) => (i % 3 === 0 ? 2 : 1))
    const weighted = await new Id3().fit(days, play, { sampleWeight })
    const repeated = weatherNominal.take(rows).split('play')
    expect(weighted.toText()).toBe((await new Id3().fit(repeated.x, repeated.y)).toText())
  })

  it('refuses numbers and missing values, naming the column', async () => {
    const { x, y } = weatherNumeric.split('play')
    await expect(new Id3().fit(x, y)).rejects.toThrow("'temperature' holds numbers")
    const gap = new Table([nominalColumn('a', ['u', null])])
    await expect(new Id3().fit(gap, ['p', 'q'])).rejects.toThrow("'a' is missing in row 1")
    await expect(new Id3().predict(days)).rejects.toThrow(NotFittedError)
    expect(() => new Id3().tree).toThrow(NotFittedError)
  })
})

describe('C45', () => {
  it.each(j48.map((each) => [`${each.file} ${each.flags}`, each] as const))(
    'learns the tree that J48 learns from %s',
    async (_, { file, options, tree, correct }) => {
      const table = wekaTable(file as ArffName)
      if (table === undefined) return
      const { x, y } = table.split()
      const model = await new C45(options as C45Options).fit(x, y)
      expect(model.toText().split('\n\n')[0]!.split('\n')).toEqual(tree)
      expect((await model.score(x, y)) * x.length).toBeCloseTo(correct, 6)
      const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as C45
      expect(copy.toText()).toBe(model.toText())
      expect(await copy.predictProba(x)).toEqual(await model.predictProba(x))
    },
  )

  it('makes no error on the weather with numbers', async () => {
    const { x, y } = weatherNumeric.split('play')
    const model = await new C45().fit(x, y)
    expect(await model.score(x, y)).toBe(1)
    expect(model.toText()).toContain('|   humidity <= 75: yes (2.0)\n|   humidity > 75: no (3.0)')
  })

  it('gets 147 irises right with five leaves', async () => {
    const table = wekaTable('iris')
    if (table === undefined) return
    const { x, y } = table.split()
    const model = await new C45().fit(x, y)
    expect([model.leafCount, model.size]).toEqual([5, 9])
    const accuracy = await model.score(x, y)
    expect(accuracy).toBeCloseTo(147 / 150, 12)
    // Classes are equally frequent, so a third is right by chance.
    expect((accuracy - 1 / 3) / (1 - 1 / 3)).toBeCloseTo(0.97, 10)
  })

  it('rejects a test that isolates rows', async () => {
    const id = nominalColumn(
      'id',
      Array.from({ length: 14 }, (_, i) => String(i)),
    )
    const model = await new C45().fit(new Table([id, ...days.columns]), play)
    expect(model.features[model.tree.feature]!.name).toBe('outlook')
  })

  it('sends missing values down all branches, in learning and in predicting', async () => {
    const a = nominalColumn('a', ['u', 'u', 'u', 'v', 'v', null], ['u', 'v'])
    const model = await new C45({ prune: false }).fit(new Table([a]), ['p', 'p', 'p', 'q', 'q', 'q'])
    // The last sample counts 3/5 with u and 2/5 with v.
    expect(model.toText()).toContain('a = u: p (3.6/0.6)\na = v: q (2.4)')
    const [row] = (await model.predictProba([[null]])).toArray()
    expect(row![0]).toBeCloseTo((3.6 / 6) * (3 / 3.6), 12)
    expect(row![0]! + row![1]!).toBeCloseTo(1, 12)
  })

  it('counts weights as repetitions', async () => {
    const { x, y } = weatherNumeric.split('play')
    const rows = Array.from({ length: 14 }, (_, i) => (i % 4 === 0 ? [i, i, i] : [i])).flat()
    const sampleWeight = Array.from({ length: 14 }, (_, i) => (i % 4 === 0 ? 3 : 1))
    const weighted = await new C45({ prune: false }).fit(x, y, { sampleWeight })
    const repeated = weatherNumeric.take(rows).split('play')
    const twice = await new C45({ prune: false }).fit(repeated.x, repeated.y)
    expect(weighted.toText()).toBe(twice.toText())
  })

  it('is one leaf where there is one class, or nothing to gain', async () => {
    const one = await new C45().fit([[1], [2], [3]], ['a', 'a', 'a'])
    expect(one.toText()).toBe(': a (3.0)\n\nNumber of leaves: 1\nSize of the tree: 1')
    expect(one.toDiagram()).toEqual({ label: 'a', detail: '3.0', colour: 0 })
    const constant = await new C45().fit([[1], [1], [1]], ['a', 'b', 'b'])
    expect((await constant.predictProba([[1]])).toArray()).toEqual([[1 / 3, 2 / 3]])
    const empty = new Table([numericColumn('a', [Number.NaN, Number.NaN, Number.NaN])])
    expect((await new C45().fit(empty, ['a', 'b', 'b'])).leafCount).toBe(1)
  })

  it('refuses options out of range', () => {
    expect(() => new C45({ confidenceFactor: 0 })).toThrow(InputError)
    expect(() => new C45({ confidenceFactor: 0.6 })).toThrow('at most 0.5')
    expect(() => new C45({ minInstances: 0 })).toThrow('minInstances is 0')
    expect(() => new C45({ prune: 1 as unknown as boolean })).toThrow('prune is 1')
  })

  it('refuses a damaged file', async () => {
    const { x, y } = weatherNumeric.split('play')
    const json = JSON.parse(JSON.stringify(await new C45().fit(x, y)))
    const { tree } = json.fitted
    for (const damage of [
      { feature: tree.feature.map(() => -1) },
      { feature: [7, ...tree.feature.slice(1)] },
      { feature: tree.feature.slice(1) },
      { children: tree.children.map((count: number) => count + 1) },
      { children: tree.children.map(() => 0) },
      { counts: tree.counts.slice(2) },
      { counts: tree.counts.map((count: number) => -count) },
      { counts: tree.counts.map(() => 0) },
      { threshold: [], feature: [], children: [], counts: [] },
      { threshold: 'x' },
    ]) {
      const damaged = { ...json, fitted: { ...json.fitted, tree: { ...tree, ...damage } } }
      await expect(estimatorFromJson(damaged), JSON.stringify(damage)).rejects.toThrow(StateError)
    }
  })
})
