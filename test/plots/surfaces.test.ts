import { describe, expect, it } from 'vitest'
import { tint } from '../../src/plots/colour-scale.ts'
import { areaAbove, levelsBetween } from '../../src/plots/contour-shapes.ts'
import { contourPlot } from '../../src/plots/index.ts'
import { palette } from '../../src/plots/theme.ts'
import { readPicture } from './picture.ts'

const places = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1))

describe('areaAbove', () => {
  const x = places(-2, 2, 41)
  // Not evenly: the square of evenly spaced numbers.
  const y = places(-1.5, 1.5, 31).map((each) => each * Math.abs(each))
  const values = y.map((b) => x.map((a) => -(a * a + b * b)))

  it('gives the circle where a paraboloid is cut', () => {
    const shape = areaAbove({ x, y, values }, -1, (value) => value)
    expect(shape).toHaveLength(1)
    for (const [a, b] of shape[0]!) expect(Math.hypot(a, b)).toBeCloseTo(1, 1)
  })

  it('reaches to the edges where everything is above', () => {
    const corners = areaAbove({ x, y, values }, -100, (value) => value).flat()
    expect(Math.min(...corners.map(([a]) => a))).toBe(-2)
    expect(Math.max(...corners.map(([a]) => a))).toBe(2)
    expect(Math.min(...corners.map(([, b]) => b))).toBe(-2.25)
    expect(Math.max(...corners.map(([, b]) => b))).toBe(2.25)
  })
})

describe('levelsBetween', () => {
  it('takes round steps, or equal ratios', () => {
    expect(levelsBetween({ min: 0, max: 1 }, 9, false)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    const levels = levelsBetween({ min: 1, max: 10_000 }, 3, true)
    expect(levels.map(Math.round)).toEqual([10, 100, 1000])
    expect(levelsBetween({ min: 2, max: 2 }, 5, false)).toEqual([])
  })
})

describe('contourPlot', () => {
  const x = places(-1, 1, 30)
  const values = x.map((b) => x.map((a) => a * a + b * b))
  const grid = { x, y: x, values }

  it('draws a band more than levels, with points and ways on top', async () => {
    const options = {
      ...grid,
      title: 'a & b',
      xLabel: 'w1',
      yLabel: 'w2',
      levels: [0.5, 1, 1.5],
      points: [{ name: 'some', points: [[0, 0]] as const }],
      paths: [
        {
          name: 'sgd',
          points: [
            [1, 1],
            [0, 0],
          ] as const,
        },
      ],
    }
    const svg = await contourPlot(options)
    const picture = readPicture(svg)
    expect(picture.elements('path').filter((path) => path['stroke-width'] === '0.5')).toHaveLength(4)
    expect(picture.texts).toEqual(
      expect.arrayContaining(['a & b', 'w1', 'w2', 'some', 'sgd', '2', '0.00238']),
    )
    expect(await contourPlot(options)).toBe(svg)
  })

  it('gives each class its colour and its place in the legend', async () => {
    const picture = readPicture(
      await contourPlot({
        ...grid,
        values: x.map((b) => x.map((a) => (a < 0 ? 0 : b < 0 ? 1 : 2))),
        classes: ['setosa', 'versicolor', 'virginica'],
        points: [{ name: 'virginica', points: [[0.5, 0.5]] }],
      }),
    )
    expect(picture.texts).toEqual(expect.arrayContaining(['setosa', 'versicolor', 'virginica']))
    const fills = picture.elements('path').map(({ fill }) => fill)
    expect(fills).toEqual(expect.arrayContaining(palette.slice(0, 3).map((colour) => tint(colour, 0.3))))
  })

  it('takes surfaces that rise steeply in equal ratios', async () => {
    const steep = values.map((row) => row.map((value) => Math.exp(10 * value)))
    const bands = readPicture(await contourPlot({ ...grid, values: steep, log: true, levels: 5 }))
      .elements('path')
      .filter((path) => path['stroke-width'] === '0.5')
    expect(new Set(bands.map(({ fill }) => fill)).size).toBe(6)
  })

  it('draws a flat surface', async () => {
    const flat = values.map((row) => row.map(() => 1))
    expect(readPicture(await contourPlot({ ...grid, values: flat })).count('path')).toBeGreaterThan(0)
  })

  it('says what does not fit', async () => {
    await expect(contourPlot({ ...grid, x: [0, 1] })).rejects.toThrow('values[0] has length 30, but x has 2')
    await expect(contourPlot({ ...grid, y: [1, 0] })).rejects.toThrow('y[1] is not above')
    await expect(
      contourPlot({ ...grid, log: true, values: values.map((row) => row.map(() => 0)) }),
    ).rejects.toThrow('only values above 0, but the smallest is 0')
    await expect(contourPlot({ ...grid, classes: ['a'] })).rejects.toThrow('with 1 classes')
    await expect(contourPlot({ ...grid, levels: [1, 1] })).rejects.toThrow('levels[1] (1) is not above')
    await expect(
      contourPlot({ ...grid, points: [{ name: 'p', points: [[0, Number.NaN]] }] }),
    ).rejects.toThrow("y of contourPlot: 'p'[0] is NaN")
  })
})
