import { describe, expect, it } from 'vitest'
import { letterbox, squash, toPhotograph } from '../../src/detection/letterbox.ts'
import { makeImage } from '../../src/transforms/index.ts'

const ramp = (width: number, height: number) =>
  makeImage(
    width,
    height,
    1,
    Float32Array.from({ length: width * height }, (_, i) => i % width),
  )

describe('squash', () => {
  it('lays corners on corners and takes means between', () => {
    const { image, placement } = squash(makeImage(2, 2, 1, Float32Array.of(0, 1, 2, 3)), 3)
    expect([...image.data]).toEqual([0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3])
    expect(placement).toEqual({ scaleX: 1.5, scaleY: 1.5, left: 0, top: 0 })
  })

  it('leaves an image of the wanted size as it is, and scales bytes', () => {
    const bytes = makeImage(2, 1, 3, Uint8Array.of(0, 51, 255, 102, 0, 204))
    const expected = [0, 0.2, 1, 0.4, 0, 0.8]
    for (const [i, value] of squash(bytes, [1, 2]).image.data.entries())
      expect(value).toBeCloseTo(expected[i]!, 6)
  })

  it('takes images of one pixel', () => {
    expect([...squash(makeImage(1, 1, 1, Float32Array.of(7)), 2).image.data]).toEqual([7, 7, 7, 7])
    expect([...squash(ramp(3, 1), [1, 1]).image.data]).toEqual([2])
  })
})

describe('letterbox', () => {
  it('keeps proportions, in the middle of grey', () => {
    const { image, placement } = letterbox(ramp(8, 4), 4)
    expect(placement).toEqual({ scaleX: 0.5, scaleY: 0.5, left: 0, top: 1 })
    expect([...image.data.subarray(0, 4)]).toEqual([0.5, 0.5, 0.5, 0.5])
    const row = [...image.data.subarray(4, 8)]
    for (const [i, value] of [0, 7 / 3, 14 / 3, 7].entries()) expect(row[i]).toBeCloseTo(value, 5)
    expect([...image.data.subarray(12)]).toEqual([0.5, 0.5, 0.5, 0.5])
    expect(toPhotograph([0, 1, 4, 3], placement)).toEqual([0, 0, 8, 4])
  })

  it('puts upright images into wide inputs', () => {
    const { image, placement } = letterbox(ramp(3, 9), [6, 9])
    expect([image.width, image.height]).toEqual([9, 6])
    expect(placement).toMatchObject({ left: 3, top: 0 })
    expect(placement.scaleX).toBeCloseTo(2 / 3, 12)
    const [x1, y1, x2, y2] = toPhotograph([3, 0, 5, 6], placement)
    for (const [value, wanted] of [
      [x1, 0],
      [y1, 0],
      [x2, 3],
      [y2, 9],
    ] as const)
      expect(value).toBeCloseTo(wanted, 12)
  })
})
