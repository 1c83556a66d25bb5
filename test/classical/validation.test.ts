import { describe, expect, it } from 'vitest'
import {
  crossValidate,
  crossValPredict,
  estimatorFromJson,
  GridSearch,
  kFold,
  labelConfusion,
  leaveOneOut,
  OneHotEncoder,
  Pipeline,
  StandardScaler,
  stratifiedKFold,
  Table,
  trainTestSplit,
  ZeroR,
  ZeroRRegressor,
} from '../../src/classical/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { weatherNumeric } from './weather.ts'

const { x, y } = weatherNumeric.split()

describe('splits', () => {
  it('test each row once, in folds of even size', () => {
    const splits = kFold(11, { folds: 4, seed: 3 })
    expect(splits.map(({ test }) => test.length)).toEqual([3, 3, 3, 2])
    expect(splits.flatMap(({ test }) => [...test]).sort((a, b) => a - b)).toEqual([...Array(11).keys()])
    for (const { train, test } of splits) expect(new Set([...train, ...test]).size).toBe(11)
    expect(kFold(6, { folds: 3, shuffle: false })[1]!.test).toEqual(Int32Array.of(2, 3))
    expect(leaveOneOut(3).map(({ test }) => [...test])).toEqual([[0], [1], [2]])
    expect(kFold(11, { folds: 4, seed: 4 })).not.toEqual(splits)
    expect(() => kFold(3, { folds: 4 })).toThrow('folds must be an integer from 2 to the 3 samples')
  })

  it("keep the classes' shares", async () => {
    const labels = Array.from({ length: 100 }, (_, i) => (i < 70 ? 'a' : i < 90 ? 'b' : 'c'))
    for (const { test } of await stratifiedKFold(labels, { folds: 10 })) {
      const counts = ['a', 'b', 'c'].map((name) => [...test].filter((row) => labels[row] === name).length)
      expect(counts).toEqual([7, 2, 1])
    }
    await expect(stratifiedKFold(['a', 'b', 'a', 'b'], { folds: 3 })).rejects.toThrow('use fewer folds')
    const split = await trainTestSplit(
      labels.map((_, i) => [i]),
      labels,
      { testSize: 0.2, stratify: true },
    )
    expect(['a', 'b', 'c'].map((name) => split.yTest.filter((label) => label === name).length)).toEqual([
      14, 4, 2,
    ])
    expect(split.xTest.map(([i]) => i)).toEqual([...split.test])
  })

  it('keep the kind of what is split', async () => {
    const split = await trainTestSplit(tensor([[1], [2], [3], [4]]), tensor([1, 2, 3, 4]), { testSize: 1 })
    expect(split.xTrain.shape).toEqual([3, 1])
    expect(await split.xTest.reshape([-1]).toArray()).toEqual(await split.yTest.toArray())
    const table = await trainTestSplit(x, y, { testSize: 4 })
    expect(table.xTest).toBeInstanceOf(Table)
    expect(table.yTrain).toMatchObject({ name: 'play', categories: ['no', 'yes'] })
    await expect(trainTestSplit([[1]], [1])).rejects.toThrow('leaves nothing')
    await expect(trainTestSplit([[1], [2]], [1])).rejects.toThrow('1 labels for 2 samples')
  })
})

describe('cross-validation', () => {
  it('scores what did not learn the fold', async () => {
    const result = await crossValidate(new ZeroR(), x, y, { folds: 5 })
    expect(result.scores.length).toBe(5)
    expect(result.mean).toBeCloseTo(0.6333333, 6)
    const numbers = await crossValidate(new ZeroRRegressor(), [[1], [2], [3], [4]], [1, 2, 3, 4], {
      splits: leaveOneOut(4),
    })
    expect(Array.from(numbers.scores)).toEqual([0, 0, 0, 0])
  })

  it('predicts each sample once', async () => {
    const { predictions, probabilities, classes } = await crossValPredict(new ZeroR(), x, y, { folds: 7 })
    expect(predictions).toEqual(Array(14).fill('yes'))
    expect(classes).toEqual(['no', 'yes'])
    for (let i = 0; i < 14; i++)
      expect(probabilities!.get(i, 0) + probabilities!.get(i, 1)).toBeCloseTo(1, 12)
    const confusion = await labelConfusion(y, predictions as string[])
    expect(Array.from(confusion.counts)).toEqual([0, 5, 0, 9])
  })
})

describe('a pipeline', () => {
  it('learns its steps from what it is fitted on, and comes back from JSON', async () => {
    const pipeline = await new Pipeline(new OneHotEncoder(), new StandardScaler(), new ZeroR()).fit(x, y)
    expect(pipeline.last.features.map(({ name }) => name)).toEqual([
      'outlook=overcast',
      'outlook=rainy',
      'outlook=sunny',
      'temperature',
      'humidity',
      'windy=false',
      'windy=true',
    ])
    expect(await pipeline.score(x, y)).toBeCloseTo(9 / 14, 12)
    expect((await pipeline.predictProba(x)).get(0, 1)).toBeCloseTo(9 / 14, 12)
    const copy = (await estimatorFromJson(JSON.parse(JSON.stringify(pipeline)))) as Pipeline
    expect(await copy.predict(x)).toEqual(await pipeline.predict(x))
  })

  it('passes options to its steps, and refuses others', () => {
    const pipeline = new Pipeline(new StandardScaler(), new ZeroR())
    const changed = pipeline.clone({ 'standard-scaler.withMean': false })
    expect(changed.transformers[0]!.options).toMatchObject({ withMean: false, withStd: true })
    expect(() => pipeline.clone({ 'svc.C': 1 })).toThrow("'svc.C' names no step")
    expect(() => pipeline.clone({ 'zeror.C': 1 })).toThrow("ZeroR has no option 'C'")
    // A mistake that the types do not let through.
    expect(() => new Pipeline(...([new ZeroR(), new ZeroR()] as unknown as [ZeroR]))).toThrow(
      'only be the last step',
    )
  })

  it('is refused where its JSON is broken', async () => {
    const state = JSON.parse(JSON.stringify(new Pipeline(new StandardScaler(), new ZeroR())))
    state.options.steps.pop()
    await expect(estimatorFromJson(state)).rejects.toThrow('the saved pipeline is broken')
  })
})

describe('a grid search', () => {
  it('tries every combination and keeps the best', async () => {
    const pipeline = new Pipeline(new StandardScaler(), new ZeroR())
    const grid = { 'standard-scaler.withMean': [true, false], 'standard-scaler.withStd': [true, false] }
    const numbers = x.select(['temperature', 'humidity'])
    const search = await new GridSearch(pipeline, grid, { folds: 3 }).fit(numbers, y)
    expect(search.results.map(({ options }) => Object.values(options))).toEqual([
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ])
    expect(search.best).toBe(search.results[0])
    expect(await search.score(numbers, y)).toBeCloseTo(9 / 14, 12)
    expect(() => new GridSearch(pipeline, { a: [] })).toThrow("'a' has no values")
  })
})
