import { describe, expect, it } from 'vitest'
import { findAnchors } from '../../src/detection/index.ts'
import { Generator } from '../../src/tensor/index.ts'

/** Boxes around some shapes. */
function around(shapes: readonly (readonly [number, number])[], each: number, seed: number) {
  const generator = new Generator(seed)
  return shapes.flatMap(([w, h]) =>
    Array.from(
      { length: each },
      () => [w * generator.uniform(0.9, 1.1), h * generator.uniform(0.9, 1.1)] as const,
    ),
  )
}

describe('findAnchors', () => {
  const shapes = [
    [10, 12],
    [40, 20],
    [30, 90],
    [150, 120],
  ] as const

  it('finds the shapes that boxes lie around, the smallest first', () => {
    const { anchors, meanIou } = findAnchors(around(shapes, 200, 1), 4, { seed: 3 })
    for (const [k, [w, h]] of anchors.entries()) {
      expect(Math.abs(w / shapes[k]![0] - 1)).toBeLessThan(0.03)
      expect(Math.abs(h / shapes[k]![1] - 1)).toBeLessThan(0.03)
    }
    expect(meanIou).toBeGreaterThan(0.88)
    expect(meanIou).toBeLessThan(1)
  })

  it('tells how well anchors fit: more of them fit better, one for each box perfectly', () => {
    const boxes = around(shapes, 3, 2)
    const fits = [1, 2, 4, 8].map((count) => findAnchors(boxes, count).meanIou)
    expect([...fits].sort((a, b) => a - b)).toEqual(fits)
    expect(findAnchors(boxes, boxes.length).meanIou).toBe(1)
    expect(findAnchors([[3, 4]], 1)).toEqual({ anchors: [[3, 4]], meanIou: 1 })
  })

  it('gives the same for the same seed', () => {
    const boxes = around(shapes, 50, 5)
    expect(findAnchors(boxes, 6, { seed: 1 })).toEqual(findAnchors(boxes, 6, { seed: 1 }))
  })

  it('refuses what cannot be', () => {
    expect(() => findAnchors([], 1)).toThrow(/0 different sizes/)
    expect(() =>
      findAnchors(
        [
          [2, 2],
          [2, 2],
          [1, 1],
        ],
        3,
      ),
    ).toThrow(/2 different sizes are too few for 3/)
    expect(() => findAnchors([[2, 0]], 1)).toThrow(/size 0/)
    expect(() => findAnchors([[2, 1]], 0.5)).toThrow(/integer/)
  })
})
