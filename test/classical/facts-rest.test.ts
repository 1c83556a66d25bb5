import { describe, expect, it } from 'vitest'
import {
  CategoricalNB,
  DecisionTreeClassifier,
  KNeighborsClassifier,
  NaiveBayes,
  OneHotEncoder,
  Pipeline,
  StandardScaler,
  ZeroR,
} from '../../src/classical/index.ts'
import { loaded } from './datasets.ts'
import { weatherNominal, weatherNumeric } from './weather.ts'

const { x: days, y: play } = weatherNominal.split('play')

describe("Quinlan's weather", () => {
  it('has the counts of the books', async () => {
    const { categoryCount, classCount, classes } = await new CategoricalNB().fit(days, play)
    expect(classes).toEqual(['no', 'yes'])
    expect(Array.from(classCount)).toEqual([5, 9])
    const counts = days.columns.flatMap((column, f) =>
      column.kind === 'nominal'
        ? column.categories.map((category, c) => [
            `${column.name}=${category}`,
            `${categoryCount[f]!.get(1, c)}/${categoryCount[f]!.get(0, c)}`,
          ])
        : [],
    )
    expect(Object.fromEntries(counts)).toEqual({
      'outlook=sunny': '2/3',
      'outlook=overcast': '4/0',
      'outlook=rainy': '3/2',
      'temperature=hot': '2/2',
      'temperature=mild': '4/2',
      'temperature=cool': '3/1',
      'humidity=high': '3/4',
      'humidity=normal': '6/1',
      'windy=false': '6/2',
      'windy=true': '3/3',
    })
  })

  it.each([
    ['outlook', 0.342857],
    ['temperature', 0.440476],
    ['humidity', 0.367347],
    ['windy', 0.428571],
  ] as const)('leaves this Gini impurity when all of %s is known: %f', async (name, wanted) => {
    // A tree on one column of categories, fully grown, has a leaf for each.
    const { tree, leafCount } = await new DecisionTreeClassifier().fit(days.select([name]), play)
    let left = 0
    for (const [id, feature] of tree.feature.entries()) {
      if (feature < 0) left += (tree.impurity[id]! * tree.weight[id]!) / 14
    }
    const column = days.column(name)
    expect(leafCount).toBe(column.kind === 'nominal' && column.categories.length)
    expect(left).toBeCloseTo(wanted, 6)
    expect(tree.impurity[0]).toBeCloseTo(0.459184, 6)
  })

  it.each([
    ['no smoothing', { alpha: 0, priors: 'empirical' }, [0.00529101, 0.02057143, 0.204583, 0.795417]],
    ['a = 1, plain prior', { priors: 'empirical' }, [0.00708383, 0.01822157, 0.279933, 0.720067]],
    ['a = 1, Laplace prior', {}, [0.00688705, 0.01913265, 0.264686, 0.735314]],
  ] as const)('naive Bayes on a sunny, cool, humid, windy day: %s', async (_, options, wanted) => {
    const model = await new NaiveBayes(options).fit(days, play)
    const day = ['sunny', 'cool', 'high', 'true']
    const alpha = model.options.alpha
    const score = (c: number): number =>
      model.columns.reduce((product, column, f) => {
        if (column.kind !== 'nominal') throw new Error('not nominal')
        const { name, categories = [] } = model.features[f]!
        const at = categories.indexOf(day[f]!)
        expect(at, name).toBeGreaterThanOrEqual(0)
        const likelihood =
          (column.count.get(c, at) + alpha) / (model.classCount[c]! + alpha * categories.length)
        return product * likelihood
      }, model.classPrior[c]!)
    expect(score(1)).toBeCloseTo(wanted[0], 8)
    expect(score(0)).toBeCloseTo(wanted[1], 8)
    const [no, yes] = (await model.predictProba([day])).toArray()[0]!
    expect(yes).toBeCloseTo(wanted[2], 6)
    expect(no).toBeCloseTo(wanted[3], 6)
    expect(score(1) / (score(1) + score(0))).toBeCloseTo(yes!, 12)
  })

  it('naive Bayes on an overcast, cool, humid, windy day', async () => {
    const model = await new CategoricalNB().fit(days, play)
    const [no, yes] = (await model.predictProba([['overcast', 'cool', 'high', 'true']])).toArray()[0]!
    expect(yes).toBeCloseTo(0.721583, 6)
    expect(no).toBeCloseTo(0.278417, 6)
  })

  it('is its own nearest neighbour: Weka finds no error in training', async () => {
    const { x, y } = weatherNumeric.split('play')
    const nearest = new Pipeline(
      new OneHotEncoder(),
      new StandardScaler(),
      new KNeighborsClassifier({ nNeighbors: 1 }),
    )
    expect(await (await nearest.fit(x, y)).score(x, y)).toBe(1)
  })
})

describe('iris and Pima', () => {
  it('have the known means and baselines', async () => {
    const iris = loaded('iris')
    if (iris === undefined) return
    const { mean } = await new StandardScaler().fit(iris.x)
    for (const [c, wanted] of [5.843333, 3.057333, 3.758, 1.199333].entries()) {
      expect(mean[c]).toBeCloseTo(wanted, 6)
    }
    expect(await (await new ZeroR().fit(iris.x, iris.y)).score(iris.x, iris.y)).toBeCloseTo(1 / 3, 12)
    const pima = loaded('pima')!
    expect((await (await new ZeroR().fit(pima.x, pima.y)).score(pima.x, pima.y)) * 768).toBeCloseTo(500, 9)
  })

  it('setosa is told apart by the length of petals as well as by their width', async () => {
    const iris = loaded('iris')
    if (iris === undefined) return
    const column = (c: number): number[][] => Array.from(iris.x.column(c), (value) => [value])
    for (const [c, cut] of [
      [2, 2.45],
      [3, 0.8],
    ] as const) {
      const { tree } = await new DecisionTreeClassifier({ maxDepth: 1 }).fit(column(c), iris.y)
      expect(tree.threshold[0]).toBeCloseTo(cut, 9)
      expect([tree.samples[1], tree.samples[2]]).toEqual([50, 100])
      expect([tree.impurity[1], tree.impurity[2]]).toEqual([0, expect.closeTo(0.5, 12)])
    }
  })
})
