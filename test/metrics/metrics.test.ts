import { describe, expect, it } from 'vitest'
import {
  Accuracy,
  accuracy,
  ConfusionMatrix,
  classificationReport,
  confusionMatrix,
  formatReport,
  Mean,
  MovingAverage,
  TopKAccuracy,
  topKAccuracy,
} from '../../src/metrics/index.ts'
import { Generator, tensor } from '../../src/tensor/index.ts'

// Predicted classes 0, 1, 2, 1; the last row is a tie between 1 and 2.
const scores = [3, 1, 2, 0, 5, 1, 1, 2, 3, 0, 4, 4]
const labels = [0, 1, 0, 2]

describe('accuracy', () => {
  it('counts labels with the highest score, the lower class winning a tie', async () => {
    expect(await accuracy(scores, labels)).toBe(0.5)
    expect(await accuracy(scores, [0, 1, 2, 1])).toBe(1)
  })

  it('takes tensors of any dtype as well as arrays', async () => {
    const rows = tensor(scores, [4, 3])
    expect(await accuracy(rows, tensor(Int32Array.from(labels), [4]))).toBe(0.5)
    expect(await accuracy(rows.to('int32'), Uint8Array.from(labels))).toBe(0.5)
  })

  it('of the top k counts labels among the k highest', async () => {
    expect(await topKAccuracy(scores, labels, 2)).toBe(0.75)
    expect(await topKAccuracy(scores, labels, 3)).toBe(1)
    expect(await topKAccuracy(scores, labels, 10)).toBe(1)
  })

  it('of the top k equals a stable sort', async () => {
    const generator = new Generator(1)
    const [samples, classes] = [200, 7]
    const values = Array.from({ length: samples * classes }, () => generator.integer(5))
    const truth = Array.from({ length: samples }, () => generator.integer(classes))
    for (const k of [1, 2, 5]) {
      const right = truth.filter((label, i) => {
        const row = values.slice(i * classes, (i + 1) * classes)
        return row
          .map((score, c) => [score, c] as const)
          .sort((a, b) => b[0] - a[0])
          .slice(0, k)
          .some(([, c]) => c === label)
      })
      expect(await topKAccuracy(values, truth, k)).toBe(right.length / samples)
    }
  })

  it('adds up over batches of any size', async () => {
    const metric = new Accuracy()
    expect(metric.compute()).toBeNaN()
    await metric.update(scores.slice(0, 9), labels.slice(0, 3))
    await metric.update(scores.slice(9), labels.slice(3))
    await metric.update([], [])
    expect([metric.compute(), metric.correct, metric.samples]).toEqual([0.5, 2, 4])
    metric.reset()
    expect(metric.compute()).toBeNaN()
  })

  it('names what does not fit', async () => {
    await expect(accuracy(tensor(scores, [4, 3]), [0, 1])).rejects.toThrow(
      'TopKAccuracy: scores [4, 3] and 2 labels do not fit; scores are [samples, classes]',
    )
    await expect(accuracy([1, 2, 3], [0, 1])).rejects.toThrow('3 scores do not divide evenly among 2 labels')
    await expect(accuracy(scores, [0, 1, 3, 0])).rejects.toThrow(
      'label 3 of sample 2 is not one of the 3 classes',
    )
    await expect(accuracy([1, Number.NaN], [0])).rejects.toThrow(
      'the score of sample 0 for class 1 is NaN, so it predicts no class',
    )
    expect(() => new TopKAccuracy(0)).toThrow('k must be an integer from 1, got 0')
  })

  it('counts nothing of a batch that it refuses', async () => {
    const metric = new Accuracy()
    await expect(metric.update([1, 0, Number.NaN, 0], [0, 0])).rejects.toThrow('NaN')
    expect(metric.samples).toBe(0)
  })
})

describe('ConfusionMatrix', () => {
  it('has a row for each true class', async () => {
    const matrix = await confusionMatrix(scores, labels, ['cat', 'dog', 'owl'])
    expect([...matrix.counts]).toEqual([1, 0, 1, 0, 1, 0, 0, 1, 0])
    expect(matrix.count(0, 2)).toBe(1)
    await matrix.update(tensor(scores, [4, 3]), labels)
    expect(matrix.count(0, 2)).toBe(2)
    matrix.reset()
    expect(Math.max(...matrix.counts)).toBe(0)
  })

  it('prints as a table', () => {
    const matrix = new ConfusionMatrix(['cat', 'dog', 'owl'])
    matrix.updatePredicted([0, 0, 1, 2, 2, 0], [0, 0, 0, 2, 2, 2])
    expect(matrix.toString()).toBe(
      [
        'true \\ predicted  cat  dog  owl  recall',
        'cat                 2    1    ·  66.7 %',
        'dog                 ·    ·    ·       -',
        'owl                 1    ·    2  66.7 %',
      ].join('\n'),
    )
  })

  it('names what does not fit', async () => {
    const matrix = new ConfusionMatrix(3)
    await expect(matrix.update([1, 2], [0])).rejects.toThrow('scores for 2 classes, but the matrix has 3')
    expect(() => matrix.updatePredicted([3], [0])).toThrow('label 3 of sample 0 is not one of the 3 classes')
    expect(() => matrix.updatePredicted([1, 2], [0])).toThrow('2 predictions for 1 labels')
    expect(() => new ConfusionMatrix(0)).toThrow('needs at least one class, got 0')
  })
})

describe('classificationReport', () => {
  // True a: 3 as a, 1 as b; true b: 2 as b, 2 as a; true c: never seen, taken once for b.
  const matrix = new ConfusionMatrix(['a', 'b', 'c'])
  matrix.updatePredicted([0, 0, 0, 1, 1, 1, 0, 0, 2], [0, 0, 0, 0, 1, 1, 1, 1, 1])
  const report = classificationReport(matrix)

  it('gives each class its precision, recall and F1', () => {
    const [a, b, c] = report.classes
    expect(a).toEqual({ name: 'a', precision: 3 / 5, recall: 3 / 4, f1: 6 / 9, support: 4 })
    expect(b).toEqual({ name: 'b', precision: 2 / 3, recall: 2 / 5, f1: 4 / 8, support: 5 })
    expect(c).toEqual({ name: 'c', precision: 0, recall: 0, f1: 0, support: 0 })
  })

  it('averages over classes, samples and both', () => {
    expect(report.accuracy).toBeCloseTo(5 / 9, 12)
    for (const value of [report.micro.precision, report.micro.recall, report.micro.f1]) {
      expect(value).toBeCloseTo(5 / 9, 12)
    }
    expect(report.macro.precision).toBeCloseTo((3 / 5 + 2 / 3) / 3, 12)
    expect(report.macro.f1).toBeCloseTo((6 / 9 + 1 / 2) / 3, 12)
    expect(report.weighted.recall).toBeCloseTo(5 / 9, 12)
    expect(report.weighted.precision).toBeCloseTo((4 * (3 / 5) + 5 * (2 / 3)) / 9, 12)
    expect([report.macro.support, report.micro.support, report.weighted.support]).toEqual([9, 9, 9])
  })

  it('prints as a table', () => {
    expect(formatReport(report)).toBe(
      [
        'class             precision  recall     f1  support',
        'a                     0.600   0.750  0.667        4',
        'b                     0.667   0.400  0.500        5',
        'c                     0.000   0.000  0.000        0',
        'macro average         0.422   0.383  0.389        9',
        'weighted average      0.637   0.556  0.574        9',
        'micro average         0.556   0.556  0.556        9',
      ].join('\n'),
    )
  })
})

describe('means', () => {
  it('weight their values', () => {
    const mean = new Mean()
    expect(mean.compute()).toBeNaN()
    mean.update(2, 3)
    mean.update(6)
    mean.update(Number.POSITIVE_INFINITY, 0)
    expect(mean.compute()).toBe(3)
    expect(() => mean.update(1, -1)).toThrow('a weight must be 0 or more, got -1')
    mean.reset()
    expect(mean.compute()).toBeNaN()
  })

  it('that move forget at their rate, without bias at the start', () => {
    const average = new MovingAverage(0.5)
    expect(average.compute()).toBeNaN()
    average.update(4)
    expect(average.compute()).toBe(4)
    average.update(1)
    expect(average.compute()).toBe(2)
    expect(() => new MovingAverage(1)).toThrow('decay must be from 0 to below 1, got 1')
    average.reset()
    expect(average.compute()).toBeNaN()
  })
})
