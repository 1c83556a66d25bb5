import { describe, expect, it } from 'vitest'
import { ConfusionMatrix, cohenKappa, precisionRecallCurve, rocCurve } from '../../src/metrics/index.ts'

// As scikit-learn 1.2 gives with drop_intermediate=False.
const scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9]
const positive = [false, false, true, true, true, false]

describe('rocCurve', () => {
  it('has a point for each distinct score', () => {
    const { falsePositiveRate, truePositiveRate, thresholds, auc } = rocCurve(scores, positive)
    expect(Array.from(thresholds)).toEqual([Infinity, 0.9, 0.8, 0.4, 0.35, 0.1])
    const third = 1 / 3
    expect(Array.from(falsePositiveRate)).toEqual([0, third, third, 2 * third, 2 * third, 1])
    expect(Array.from(truePositiveRate)).toEqual([0, 0, third, 2 * third, 1, 1])
    expect(auc).toBeCloseTo(0.5, 12)
  })

  it('is perfect where all positive samples score higher', () => {
    expect(rocCurve([1, 2, 3, 4], [false, false, true, true]).auc).toBe(1)
    expect(rocCurve([4, 3, 2, 1], [false, false, true, true]).auc).toBe(0)
    expect(rocCurve([1, 1, 1, 1], [false, false, true, true]).auc).toBe(0.5)
  })

  it('needs samples of both kinds, and scores', () => {
    expect(() => rocCurve([1, 2], [true, true])).toThrow('all 2 samples are positive')
    expect(() => rocCurve([1, Number.NaN], [true, false])).toThrow('sample 1 is NaN')
    expect(() => rocCurve([1], [true, false])).toThrow('1 scores for 2 labels')
  })
})

describe('precisionRecallCurve', () => {
  it('is as scikit-learn draws it', () => {
    const { precision, recall, thresholds, averagePrecision } = precisionRecallCurve(scores, positive)
    expect(Array.from(thresholds)).toEqual([0.1, 0.35, 0.4, 0.8, 0.9])
    expect(Array.from(precision)).toEqual([0.5, 0.6, 0.5, 0.5, 0, 1])
    expect(Array.from(recall)).toEqual([1, 1, 2 / 3, 1 / 3, 0, 0])
    expect(averagePrecision).toBeCloseTo(0.5333333333, 9)
  })
})

describe('cohenKappa', () => {
  it('is agreement beyond chance', () => {
    const matrix = new ConfusionMatrix(2)
    matrix.updatePredicted([0, 0, 0, 1, 1, 0], [0, 0, 1, 1, 1, 1])
    expect(cohenKappa(matrix)).toBeCloseTo(0.4, 12)
    const same = new ConfusionMatrix(2)
    same.updatePredicted([0, 1], [0, 1])
    expect(cohenKappa(same)).toBe(1)
  })
})
