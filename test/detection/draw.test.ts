import { describe, expect, it } from 'vitest'
import { classColor, drawBoxes } from '../../src/detection/draw.ts'
import { drawable, hasDot } from '../../src/detection/font.ts'
import { makeImage } from '../../src/transforms/index.ts'

const blank = (width: number, height: number) =>
  makeImage(width, height, 3, new Uint8Array(width * height * 3))

function pixel({ data, width }: ReturnType<typeof makeImage>, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]
}

describe('drawBoxes', () => {
  it('draws the outline in the colour of the class, and leaves the inside', () => {
    const picture = blank(60, 40)
    const out = drawBoxes(picture, [{ box: [10, 20, 30, 35], classIndex: 3, label: 'a' }], {
      lineWidth: 2,
      textScale: 1,
    })
    const color = [...classColor(3)]
    for (const [x, y] of [
      [10, 20],
      [11, 21],
      [29, 34],
      [28, 33],
      [10, 34],
      [29, 20],
    ] as const) {
      expect(pixel(out, x, y)).toEqual(color)
    }
    for (const [x, y] of [
      [12, 22],
      [27, 32],
      [9, 25],
      [30, 25],
      [20, 35],
    ] as const) {
      expect(pixel(out, x, y)).toEqual([0, 0, 0])
    }
    expect(picture.data.every((value) => value === 0)).toBe(true)
  })

  it('writes the label upon the box, and within the picture where there is no room', () => {
    // Above the box the ground of the label begins at its left edge.
    const above = drawBoxes(
      blank(100, 60),
      [{ box: [20, 30, 40, 50], classIndex: 1, label: 'dog', score: 0.5 }],
      {
        lineWidth: 1,
        textScale: 1,
      },
    )
    expect(pixel(above, 20, 20)).toEqual([...classColor(1)])
    const corner = drawBoxes(blank(100, 60), [{ box: [90, 0, 100, 10], classIndex: 1, label: 'dog' }], {
      lineWidth: 1,
      textScale: 1,
    })
    // 3 letters of 6 dots and one more: the label ends at the right edge.
    expect(pixel(corner, 100 - 19, 12)).toEqual([...classColor(1)])
    expect(pixel(corner, 100 - 20, 12)).toEqual([0, 0, 0])
  })

  it('takes grey and float pictures, and boxes beyond them', () => {
    const grey = makeImage(20, 40, 1, new Float32Array(800).fill(0.5))
    const out = drawBoxes(grey, [{ box: [-50, -50, 500, 10], classIndex: 0, label: 'très grand 大' }])
    expect(out.channels).toBe(3)
    expect(pixel(out, 10, 39)).toEqual([128, 128, 128])
    expect(() => drawBoxes(grey, [], { lineWidth: 0 })).toThrow(/lineWidth is a whole number from 1, got 0/)
  })
})

describe('the letters', () => {
  it('draws an L as a line down and one along', () => {
    const rows = [0, 1, 2, 3, 4, 5, 6, 7].map((row) =>
      [0, 1, 2, 3, 4].map((column) => (hasDot('L', column, row) ? '#' : '.')).join(''),
    )
    expect(rows).toEqual(['#....', '#....', '#....', '#....', '#....', '#....', '#####', '.....'])
  })

  it('has every character but the space, each another one', () => {
    const all = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
    const dots = all.map((letter) =>
      [0, 1, 2, 3, 4]
        .flatMap((column) => [0, 1, 2, 3, 4, 5, 6, 7].map((row) => (hasDot(letter, column, row) ? 1 : 0)))
        .join(''),
    )
    expect(new Set(dots).size).toBe(95)
    expect(drawable('Äpfel 大\n')).toBe('Apfel ??')
  })
})
