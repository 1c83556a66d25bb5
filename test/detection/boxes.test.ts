import { describe, expect, it } from 'vitest'
import {
  type Box,
  boxArea,
  boxOverlap,
  clipBox,
  convertBoxes,
  pairwiseOverlap,
} from '../../src/detection/boxes.ts'

describe('convertBoxes', () => {
  it.each([
    ['xyxy', [10, 20, 40, 60, -1, 0, 1, 1]],
    ['xywh', [10, 20, 30, 40, -1, 0, 2, 1]],
    ['cxcywh', [25, 40, 30, 40, 0, 0.5, 2, 1]],
  ] as const)('goes from %s to every format', (format, boxes) => {
    expect([...convertBoxes(boxes, format, 'xyxy')]).toEqual([10, 20, 40, 60, -1, 0, 1, 1])
    expect([...convertBoxes(boxes, format, 'xywh')]).toEqual([10, 20, 30, 40, -1, 0, 2, 1])
    expect([...convertBoxes(boxes, format, 'cxcywh')]).toEqual([25, 40, 30, 40, 0, 0.5, 2, 1])
  })

  it('refuses what is not boxes', () => {
    expect(() => convertBoxes([1, 2, 3], 'xyxy', 'xywh')).toThrow(/four numbers each, got 3/)
    expect(() => convertBoxes([], 'xxyy' as 'xyxy', 'xywh')).toThrow(/no format 'xxyy'; there are xyxy/)
  })
})

describe('boxOverlap', () => {
  const a: Box = [0, 0, 4, 2]
  const b: Box = [2, 0, 6, 4]

  // Shared 2x2 of 8 + 16 - 4; enclosed by 6x4; centres (2, 1) and (4, 2); aspects 2 and 1.
  it('follows the formulas of the papers', () => {
    expect(boxOverlap('iou', a, b)).toBeCloseTo(0.2, 12)
    expect(boxOverlap('giou', a, b)).toBeCloseTo(0.2 - 4 / 24, 12)
    expect(boxOverlap('diou', a, b)).toBeCloseTo(0.2 - 5 / 52, 12)
    const v = (4 / Math.PI ** 2) * (Math.atan(2) - Math.atan(1)) ** 2
    expect(boxOverlap('ciou', a, b)).toBeCloseTo(0.2 - 5 / 52 - (v / (1 - 0.2 + v)) * v, 12)
  })

  it.each(['iou', 'giou', 'diou', 'ciou'] as const)(
    'is symmetric, and 1 of a box with itself: %s',
    (kind) => {
      expect(boxOverlap(kind, a, b)).toBe(boxOverlap(kind, b, a))
      expect(boxOverlap(kind, a, a)).toBe(1)
    },
  )

  it('orders boxes that are apart by the penalties', () => {
    const [near, far]: Box[] = [
      [5, 0, 9, 2],
      [50, 0, 54, 2],
    ]
    expect(boxOverlap('iou', a, near!)).toBe(0)
    for (const kind of ['giou', 'diou', 'ciou'] as const) {
      expect(boxOverlap(kind, a, near!)).toBeGreaterThan(boxOverlap(kind, a, far!))
    }
  })

  it('is finite for boxes without area', () => {
    const point: Box = [1, 1, 1, 1]
    for (const kind of ['iou', 'giou', 'diou', 'ciou'] as const) {
      expect(boxOverlap(kind, point, point)).toBe(0)
      expect(boxOverlap(kind, point, a)).not.toBeNaN()
    }
    expect(boxArea([3, 3, 1, 1])).toBe(0)
  })

  it('compares every pair', () => {
    const table = pairwiseOverlap('giou', [...a, ...b, ...a], [...b, ...a])
    const ab = boxOverlap('giou', a, b)
    expect([...table]).toEqual([ab, 1, 1, ab, ab, 1])
  })
})

describe('clipBox', () => {
  it('moves corners into the image', () => {
    expect(clipBox([-5, 2, 30, 40], 20, 10)).toEqual([0, 2, 20, 10])
    expect(boxArea(clipBox([30, 30, 40, 40], 20, 10))).toBe(0)
  })
})
