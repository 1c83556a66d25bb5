import { describe, expect, it } from 'vitest'
import {
  DecisionTreeClassifier,
  type DecisionTreeClassifierOptions,
  DecisionTreeRegressor,
  type DecisionTreeRegressorOptions,
  estimatorFromJson,
  InputError,
  Matrix,
  NotFittedError,
  nominalColumn,
  StateError,
  Table,
} from '../../src/classical/index.ts'
import { uciDigits, uciTable } from './datasets.ts'
import expected from './expected/trees.json' with { type: 'json' }
import { anderson } from './iris.ts'
import { weatherNominal, weatherNumeric } from './weather.ts'

const tables = {
  iris: anderson,
  wine: () => uciTable('wine'),
  pima: () => uciTable('pima-indians-diabetes'),
  glass: () => uciTable('glass'),
  digits: uciDigits,
  housing: () => uciTable('housing'),
}

const close = (values: ArrayLike<number>, digits: number): unknown[] =>
  Array.from(values, (value) => expect.closeTo(value, digits))

/** R's cars: speed in miles an hour, way to stop in feet. */
const speed = [
  4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 16, 16,
  17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25,
]
const dist = [
  2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20, 26, 54, 32,
  40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85,
]

describe('trees as scikit-learn has them', () => {
  it.each(
    expected.cases.map(
      (each) =>
        [`${each.data} ${JSON.stringify(each.options)}${each.weighted ? ', weighted' : ''}`, each] as const,
    ),
  )('%s', async (_, each) => {
    const table = tables[each.data as keyof typeof tables]()
    if (table === undefined) return
    const { x, y } = table.split()
    const matrix = x.toMatrix()
    const sampleWeight = Float64Array.from({ length: x.length }, (_value, i) => 1 + (i % 3))
    const fitOptions = each.weighted ? { sampleWeight } : {}
    const model =
      each.data === 'housing'
        ? await new DecisionTreeRegressor(each.options as DecisionTreeRegressorOptions).fit(
            matrix,
            y.kind === 'numeric' ? y.values : [],
            fitOptions,
          )
        : await new DecisionTreeClassifier(each.options as DecisionTreeClassifierOptions).fit(
            matrix,
            y,
            fitOptions,
          )
    const { tree } = model
    expect(Array.from(tree.feature)).toEqual(each.feature)
    expect(Array.from(tree.samples)).toEqual(each.samples)
    // scikit-learn keeps its samples in float32.
    const thresholds = tree.threshold.map((value) => (Number.isNaN(value) ? 0 : value))
    for (const [node, wanted] of each.threshold.entries()) {
      expect(Math.abs(thresholds[node]! - wanted)).toBeLessThan(1e-6 * Math.max(1, Math.abs(wanted)))
    }
    for (const [node, wanted] of each.impurity.entries()) {
      expect(Math.abs(tree.impurity[node]! - wanted)).toBeLessThan(1e-7 * Math.max(1, wanted))
    }
    expect(Array.from(model.featureImportances)).toEqual(close(each.importances, 8))
    const path =
      model instanceof DecisionTreeRegressor
        ? await model.costComplexityPruningPath(x, y, fitOptions)
        : await model.costComplexityPruningPath(x, y, fitOptions)
    expect(Array.from(path.ccpAlphas)).toEqual(close(each.ccpAlphas, 8))
    expect(Array.from(path.impurities)).toEqual(close(each.impurities, 8))
    // A table gives the tree and the predictions that its matrix gives.
    expect(await model.apply(x)).toEqual(await model.apply(matrix))
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(model)))) as typeof model
    expect(copy.tree).toEqual(tree)
    expect(await copy.predict(x)).toEqual(await model.predict(x))
  })
})

describe('DecisionTreeClassifier on iris', () => {
  /** Columns in the order that settles ties as FACTS' tree has them: petal width first. */
  const iris = anderson()?.select(['petal width', 'sepal width', 'petal length', 'sepal length', 'class'])

  it('has the known impurities and counts', async () => {
    if (iris === undefined) return
    const { x, y } = iris.split()
    const { tree, depth, leafCount } = await new DecisionTreeClassifier().fit(x, y)
    expect([depth, leafCount]).toEqual([5, 9])
    const node = (id: number): unknown[] => [
      iris.names[tree.feature[id]!] ?? 'leaf',
      tree.threshold[id],
      tree.samples[id],
      tree.impurity[id],
    ]
    const [setosa, rest] = [tree.left[0]!, tree.right[0]!]
    expect(node(0)).toEqual(['petal width', expect.closeTo(0.8, 9), 150, expect.closeTo(0.666667, 6)])
    expect([tree.samples[setosa], tree.impurity[setosa]]).toEqual([50, 0])
    expect(node(rest)).toEqual(['petal width', expect.closeTo(1.75, 9), 100, expect.closeTo(0.5, 9)])
    const [narrow, wide] = [tree.left[rest]!, tree.right[rest]!]
    expect(node(narrow)).toEqual(['petal length', expect.closeTo(4.95, 9), 54, expect.closeTo(0.168038, 6)])
    expect(node(wide)).toEqual(['petal length', expect.closeTo(4.85, 9), 46, expect.closeTo(0.042533, 6)])
    const below = [tree.left[narrow]!, tree.right[narrow]!, tree.left[wide]!, tree.right[wide]!]
    expect(below.map((id) => tree.samples[id])).toEqual([48, 6, 3, 43])
    expect(below.map((id) => tree.impurity[id]!)).toEqual(close([0.040799, 0.444444, 0.444444, 0], 6))
  })

  it('has the known pruning path and importances', async () => {
    if (iris === undefined) return
    const { x, y } = iris.split()
    const model = await new DecisionTreeClassifier().fit(x, y)
    expect(Array.from(model.featureImportances)).toEqual(close([0.922611, 0.013333, 0.064056, 0], 6))
    const path = await model.costComplexityPruningPath(x, y)
    expect(Array.from(path.ccpAlphas)).toEqual(
      close([0, 0.00652174, 0.00888889, 0.01305556, 0.02966049, 0.25979603, 0.33333333], 8),
    )
    expect(Array.from(path.impurities)).toEqual(
      close([0, 0.01304348, 0.03082126, 0.04387681, 0.07353731, 0.33333333, 0.66666667], 8),
    )
    for (const [i, alpha] of path.ccpAlphas.entries()) {
      const pruned = await new DecisionTreeClassifier({ ccpAlpha: alpha + 1e-9 }).fit(x, y)
      const { tree } = pruned
      const impurity = Array.from(tree.impurity.keys())
        .filter((id) => tree.feature[id]! < 0)
        .reduce((sum, id) => sum + (tree.impurity[id]! * tree.weight[id]!) / 150, 0)
      expect(impurity).toBeCloseTo(path.impurities[i]!, 10)
    }
  })

  it('has the known accuracies and leaves when it is shallow', async () => {
    if (iris === undefined) return
    const { x, y } = iris.split()
    const two = await new DecisionTreeClassifier({ maxDepth: 2 }).fit(x, y)
    expect(await two.score(x, y)).toBeCloseTo(0.96, 12)
    expect(await (await two.clone({ maxDepth: 3 }).fit(x, y)).score(x, y)).toBeCloseTo(0.973333, 6)
    const { tree } = two
    const counts = Array.from(tree.feature.keys())
      .filter((id) => tree.feature[id]! < 0)
      .map((id) => Array.from(tree.value.row(id), (share) => Math.round(share * tree.weight[id]!)))
    expect(counts).toEqual([
      [50, 0, 0],
      [0, 49, 5],
      [0, 1, 45],
    ])
  })

  it('has the known entropies', async () => {
    if (iris === undefined) return
    const { x, y } = iris.split()
    const gini = await new DecisionTreeClassifier({ maxDepth: 3 }).fit(x, y)
    const { tree } = await new DecisionTreeClassifier({ criterion: 'entropy', maxDepth: 3 }).fit(x, y)
    expect(tree.feature).toEqual(gini.tree.feature)
    expect(tree.threshold).toEqual(gini.tree.threshold)
    const rest = tree.right[0]!
    const impurities = [0, tree.left[rest]!, tree.right[rest]!].map((id) => tree.impurity[id]!)
    expect(impurities).toEqual(close([1.584963, 0.445065, 0.151097], 6))
  })

  it('draws the order of columns from a seed', async () => {
    if (iris === undefined) return
    const { x, y } = iris.split()
    const roots = await Promise.all(
      Array.from({ length: 12 }, async (_, seed) => {
        const learn = () => new DecisionTreeClassifier({ seed }).fit(x, y)
        const [a, b] = [await learn(), await learn()]
        expect(a.toText()).toBe(b.toText())
        expect(a.leafCount).toBe(9)
        return iris.names[a.tree.feature[0]!]
      }),
    )
    expect(new Set(roots)).toEqual(new Set(['petal width', 'petal length']))
  })
})

describe('trees in words', () => {
  it("is scikit-learn's export_text", async () => {
    const table = uciTable('wine')
    if (table === undefined) return
    const { x, y } = table.split()
    const model = await new DecisionTreeClassifier({ maxDepth: 2 }).fit(x.toMatrix(), y)
    const theirs = (text: string): string => text.trimEnd().replace(/class: (\d)\.0/g, 'class: $1')
    expect(model.toText({ showWeights: true, decimals: 4 })).toBe(theirs(expected.wineText))
    expect(model.toText({ maxDepth: 0, decimals: 3 })).toBe(theirs(expected.wineShallowText))
  })

  it('names categories, on both sides', async () => {
    const { x, y } = weatherNominal.split('play')
    const model = await new DecisionTreeClassifier({ maxDepth: 1 }).fit(x, y)
    expect(model.toText()).toBe(
      [
        '|--- outlook in {overcast}',
        '|   |--- class: yes',
        '|--- outlook in {rainy, sunny}',
        '|   |--- class: no',
      ].join('\n'),
    )
    expect(model.toDiagram()).toEqual({
      label: 'outlook',
      detail: '14 samples\nimpurity 0.4592',
      children: [
        { label: 'yes', detail: '4 samples\nimpurity 0', edge: 'in {overcast}', colour: 1 },
        { label: 'no', detail: '10 samples\nimpurity 0.5', edge: 'in {rainy, sunny}', colour: 0 },
      ],
    })
    expect(model.tree.impurity[0]).toBeCloseTo(0.459184, 6)
  })
})

describe('DecisionTreeRegressor', () => {
  it('finds the step', async () => {
    const x = [[1], [2], [3], [4], [5], [6]]
    const model = await new DecisionTreeRegressor({ maxDepth: 1 }).fit(x, [1, 1.2, 0.9, 5, 5.2, 4.9])
    const { tree } = model
    expect(tree.threshold[0]).toBe(3.5)
    expect(Array.from(tree.value.data.subarray(1))).toEqual(close([1.033333, 5.033333], 6))
    expect(tree.impurity[0]).toBeCloseTo(4.015556, 6)
    expect((tree.impurity[1]! + tree.impurity[2]!) / 2).toBeCloseTo(0.015556, 6)
    expect(model.toDiagram().children!.map(({ edge, label }) => [edge, label])).toEqual([
      ['<= 3.5', '1.03333'],
      ['>  3.5', '5.03333'],
    ])
  })

  it('has the known tree of cars', async () => {
    const { tree } = await new DecisionTreeRegressor({ maxDepth: 2 }).fit(
      speed.map((value) => [value]),
      dist,
    )
    expect(Array.from(tree.threshold)).toEqual([
      17.5,
      12.5,
      Number.NaN,
      Number.NaN,
      23.5,
      Number.NaN,
      Number.NaN,
    ])
    expect(Array.from(tree.samples)).toEqual([50, 31, 15, 16, 19, 14, 5])
    expect(Array.from(tree.value.data)).toEqual(
      [42.98, expect.any(Number), 18.2, 39.75, expect.any(Number), 55.714286, 92].map((value) =>
        typeof value === 'number' ? expect.closeTo(value, 6) : value,
      ),
    )
    expect([tree.impurity[0], tree.impurity[1], tree.impurity[4]]).toEqual(
      close([650.7796, 267.960458, 474.509695], 6),
    )
  })

  it('does not lose digits to an offset, nor to a small scale', async () => {
    const x = speed.map((value) => [value])
    const plain = await new DecisionTreeRegressor({ maxDepth: 3 }).fit(x, dist)
    for (const change of [(v: number) => v + 1e9, (v: number) => v * 1e-12]) {
      for (const criterion of ['squaredError', 'absoluteError'] as const) {
        const model = await new DecisionTreeRegressor({ maxDepth: 3, criterion }).fit(x, dist.map(change))
        if (criterion === 'squaredError') expect(model.tree.threshold).toEqual(plain.tree.threshold)
        else expect(model.leafCount).toBeGreaterThan(6)
      }
    }
  })

  it('predicts medians with absoluteError', async () => {
    const model = await new DecisionTreeRegressor({ criterion: 'absoluteError', maxDepth: 1 }).fit(
      [[0], [0], [0], [0], [1], [1], [1]],
      [1, 2, 4, 100, 7, 8, 50],
      { sampleWeight: [1, 1, 1, 1, 1, 1, 3] },
    )
    expect(Array.from(await model.predict([[0], [1]]))).toEqual([3, 50])
  })
})

describe('decision trees', () => {
  it('send missing values where they lower the impurity, or by themselves', async () => {
    const x = [[1], [2], [8], [9], [null], [null]]
    const right = await new DecisionTreeClassifier().fit(x, ['a', 'a', 'b', 'b', 'b', 'b'])
    expect(await right.predict(x)).toEqual(['a', 'a', 'b', 'b', 'b', 'b'])
    expect([right.leafCount, right.tree.missingLeft[0]]).toEqual([2, 0])
    const left = await new DecisionTreeClassifier().fit(x, ['a', 'a', 'b', 'b', 'a', 'a'])
    expect([left.leafCount, left.tree.missingLeft[0]]).toEqual([2, 1])
    const apart = await new DecisionTreeClassifier().fit(x, ['a', 'a', 'a', 'a', 'b', 'b'])
    expect(apart.toText()).toContain('x0 is missing')
    expect(await apart.predict([[1e300], [null]])).toEqual(['a', 'b'])
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(apart)))) as DecisionTreeClassifier
    expect(await copy.predict(x)).toEqual(await apart.predict(x))
    const matrix = new Matrix(2, 1, Float64Array.of(1, Number.NaN))
    expect(await apart.predict(matrix)).toEqual(['a', 'b'])
  })

  it('send what they have not seen where most samples went', async () => {
    const model = await new DecisionTreeClassifier().fit(
      [[1], [2], [8], [9], [10]],
      ['a', 'a', 'b', 'b', 'b'],
    )
    expect(await model.predict([[Number.NaN]])).toEqual(['b'])
    const x = new Table([nominalColumn('a', ['u', 'v', 'v'], ['u', 'v', 'w'])])
    const nominal = await new DecisionTreeClassifier().fit(x, ['p', 'q', 'q'])
    expect(await nominal.predict([['w'], [null]])).toEqual(['q', 'q'])
  })

  it('count weights as repetitions, and samples without weight not at all', async () => {
    const { x, y } = weatherNumeric.split('play')
    const sampleWeight = Array.from({ length: 14 }, (_, i) => i % 3)
    const rows = sampleWeight.flatMap((weight, i) => new Array<number>(weight).fill(i))
    const repeated = weatherNumeric.take(rows).split('play')
    const weighted = await new DecisionTreeClassifier().fit(x, y, { sampleWeight })
    const other = await new DecisionTreeClassifier().fit(repeated.x, repeated.y)
    expect(weighted.toText()).toBe(other.toText())
    expect(weighted.tree.samples[0]).toBe(sampleWeight.filter((weight) => weight > 0).length)
    expect(weighted.tree.weight).toEqual(other.tree.weight)
  })

  it('are one leaf where nothing differs', async () => {
    const model = await new DecisionTreeClassifier().fit([[1], [1 + 1e-9]], ['a', 'b'])
    expect([model.depth, model.leafCount]).toEqual([0, 1])
    expect(Array.from(model.featureImportances)).toEqual([0])
    expect((await model.predictProba([[5]])).toArray()).toEqual([[0.5, 0.5]])
    expect((await new DecisionTreeClassifier().fit([[1], [2]], ['a', 'a'])).toText()).toBe('|--- class: a')
  })

  it('let other things run meanwhile', async () => {
    const n = 3000
    const x = Matrix.from(
      Array.from({ length: n }, (_, i) => Array.from({ length: 40 }, (_v, j) => Math.sin(i * (j + 1)))),
    )
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await new DecisionTreeClassifier().fit(
      x,
      Array.from({ length: n }, (_, i) => i % 7),
    )
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(1)
  })

  it('refuse bad options, input that does not fit, and questions before fit', async () => {
    for (const options of [
      { maxDepth: 0 },
      { minSamplesSplit: 1 },
      { minSamplesLeaf: 1.5 },
      { maxLeafNodes: 1 },
      { ccpAlpha: -1 },
      { seed: -1 },
      { criterion: 'mse' as 'gini' },
    ]) {
      expect(() => new DecisionTreeClassifier(options), JSON.stringify(options)).toThrow(InputError)
    }
    expect(() => new DecisionTreeRegressor({ criterion: 'gini' as 'squaredError' })).toThrow(
      "criterion is 'gini'",
    )
    expect(() => new DecisionTreeClassifier().depth).toThrow(NotFittedError)
    const { x, y } = weatherNumeric.split('play')
    const model = await new DecisionTreeClassifier().fit(x, y)
    await expect(model.predict(new Matrix(1, 4))).rejects.toThrow("'outlook' holds numbers")
    await expect(new DecisionTreeRegressor().fit([[Number.POSITIVE_INFINITY]], [1])).rejects.toThrow(
      'Infinity in row 0',
    )
  })

  it('refuse a damaged file', async () => {
    const { x, y } = weatherNumeric.split('play')
    const json = JSON.parse(JSON.stringify(await new DecisionTreeClassifier().fit(x, y)))
    const { tree } = json.fitted
    const changed = (key: string, at: number, value: number): object => ({
      [key]: tree[key].map((old: number, i: number) => (i === at ? value : old)),
    })
    for (const damage of [
      changed('left', 0, 0),
      changed('left', 0, tree.right[0]),
      changed('left', 0, 1e6),
      changed('right', 0, -1),
      changed('feature', 0, 4),
      changed('feature', tree.feature.indexOf(-1), 0),
      changed('missingLeft', 0, 2),
      { categoriesLeft: [] },
      { threshold: tree.impurity.slice(1) },
      { value: { rows: 1, columns: 2, data: [1, 1] } },
      { impurity: [] },
    ]) {
      const damaged = { ...json, fitted: { ...json.fitted, tree: { ...tree, ...damage } } }
      await expect(estimatorFromJson(damaged), JSON.stringify(damage)).rejects.toThrow(StateError)
    }
  })
})
