import { describe, expect, it } from 'vitest'
import { type Box, boxOverlap } from '../../src/detection/boxes.ts'
import {
  nonMaximumSuppression,
  type SuppressionOptions,
} from '../../src/detection/non-maximum-suppression.ts'
import { Generator } from '../../src/tensor/index.ts'

/** The definition, in quadratic time. */
function plain(boxes: number[], scores: number[], classes: number[], options: SuppressionOptions): number[] {
  const { iou = 0.45, kind = 'iou', beta = 0.6 } = options
  const box = (i: number): Box => boxes.slice(4 * i, 4 * i + 4) as unknown as Box
  const agree = (a: Box, b: Box): number => {
    const overlap = boxOverlap('iou', a, b)
    return kind === 'iou' || overlap === 0 ? overlap : overlap - (overlap - boxOverlap('diou', a, b)) ** beta
  }
  const kept: number[] = []
  for (const i of [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b)) {
    if (kept.every((k) => classes[k] !== classes[i] || agree(box(k), box(i)) <= iou)) kept.push(i)
  }
  return kept
}

function randomBoxes(count: number, span: number, seed = 1) {
  const generator = new Generator(seed)
  const boxes: number[] = []
  for (let i = 0; i < count; i++) {
    const [x, y] = [generator.uniform() * span - span / 4, generator.uniform() * span - span / 4]
    // Sizes from a pixel to most of the span, some of them none at all.
    const side = i % 50 === 0 ? 0 : span ** generator.uniform()
    boxes.push(x, y, x + side, y + side * (0.3 + generator.uniform()))
  }
  const scores = Array.from({ length: count }, () => Math.round(generator.uniform() * 100) / 100)
  const classes = Array.from({ length: count }, () => Math.floor(generator.uniform() * 3))
  return { boxes, scores, classes }
}

describe('nonMaximumSuppression', () => {
  it.each([
    { iou: 0.45 },
    { iou: 0.1 },
    { iou: 0.05 },
    { iou: 0 },
    { iou: 0.9 },
    { iou: 1 },
    { iou: 0.3, kind: 'diou' },
    { iou: 0.3, kind: 'diou', beta: 1 },
  ] as const)('keeps what the definition keeps, with %j', (options) => {
    for (const seed of [1, 2, 3]) {
      const { boxes, scores, classes } = randomBoxes(400, 100, seed)
      expect(nonMaximumSuppression(boxes, scores, classes, options)).toEqual(
        plain(boxes, scores, classes, options),
      )
    }
  })

  it('compares boxes of all classes where none are given, and keeps as many as wanted', () => {
    const boxes = [0, 0, 10, 10, 0, 0, 10, 9, 20, 20, 30, 30]
    expect(nonMaximumSuppression(boxes, [0.5, 0.9, 0.7], [0, 1, 0])).toEqual([1, 2, 0])
    expect(nonMaximumSuppression(boxes, [0.5, 0.9, 0.7])).toEqual([1, 2])
    expect(nonMaximumSuppression(boxes, [0.5, 0.9, 0.7], undefined, { maxDetections: 1 })).toEqual([1])
    expect(nonMaximumSuppression([], [])).toEqual([])
  })

  it('goes by place among equal scores', () => {
    const boxes = [0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 10, 10]
    expect(nonMaximumSuppression(boxes, [0.5, 0.5, 0.5])).toEqual([0])
  })

  it('is not stopped by boxes without sense', () => {
    const boxes = [
      Number.NaN,
      0,
      1,
      1,
      0,
      0,
      Number.POSITIVE_INFINITY,
      1,
      1e30,
      1e30,
      1e30 + 1,
      1e30,
      0,
      0,
      1,
      1,
    ]
    expect(nonMaximumSuppression(boxes, [1, 0.9, 0.8, 0.7])).toEqual([1, 2, 3])
    expect(nonMaximumSuppression([0, 0, 1, 1, 0, 0, 1, 1], [Number.NaN, 1])).toEqual([1])
    const far = [1e12, 1e12, 1e12 + 2, 1e12 + 2, 1e12, 1e12, 1e12 + 2, 1e12 + 2]
    expect(nonMaximumSuppression(far, [0.4, 0.6])).toEqual([1])
  })

  it('takes a hundred thousand boxes in seconds', () => {
    const { boxes, scores } = randomBoxes(100_000, 4000)
    const start = performance.now()
    const kept = nonMaximumSuppression(boxes, scores, undefined, { iou: 0.5 })
    expect(kept.length).toBeGreaterThan(10_000)
    expect(performance.now() - start).toBeLessThan(20_000)
  })

  it('refuses what does not fit', () => {
    expect(() => nonMaximumSuppression([1, 2, 3], [1])).toThrow(/1 scores need 4 numbers/)
    expect(() => nonMaximumSuppression([], [], undefined, { iou: 2 })).toThrow(/iou is from 0 to 1, got 2/)
    expect(() => nonMaximumSuppression([], [], undefined, { kind: 'soft' as 'iou' })).toThrow(
      /kind is iou or diou/,
    )
  })
})
