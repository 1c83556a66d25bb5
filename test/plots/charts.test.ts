import { describe, expect, it } from 'vitest'
import { barChart, histogram, lineChart, rocChart, scatterChart } from '../../src/plots/index.ts'
import { palette } from '../../src/plots/theme.ts'
import { readPicture } from './picture.ts'

const two = [
  { name: 'training', values: [3, 2, 1] },
  { name: 'valid & <b>', values: Float32Array.of(4, 3, 2.5), dashed: true },
]

describe('lineChart', () => {
  it('draws a line each, with title, labels and legend', async () => {
    const svg = await lineChart({
      title: 'Loss <of> "a" & b',
      x: { label: 'epoch' },
      y: { label: 'loss' },
      series: two,
    })
    const picture = readPicture(svg)
    for (const text of ['Loss <of> "a" & b', 'epoch', 'loss', 'training', 'valid & <b>']) {
      expect(picture.texts).toContain(text)
    }
    const lines = picture
      .elements('path')
      .filter((path) => path['stroke-width'] === '2' && path.fill === 'none')
    const drawn = lines.filter(({ d }) => /^M[\d.]+ [\d.]+L[\d.]+ [\d.]+L[\d.]+ [\d.]+$/.test(d!))
    expect(drawn.map(({ stroke }) => stroke)).toEqual([palette[0], palette[1]])
    expect(drawn.map((path) => 'stroke-dasharray' in path)).toEqual([false, true])
    expect(picture).toMatchObject({ width: 720, height: 420 })
  })

  it('has a legend only for several series', async () => {
    expect(readPicture(await lineChart({ series: [two[0]!] })).texts).not.toContain('training')
  })

  it('puts values where they belong', async () => {
    const svg = await lineChart({
      x: { values: [1, 10, 100], scale: 'log' },
      y: { min: 0, max: 4 },
      series: [{ name: 'a', values: [0, 4, 2] }],
    })
    const path = readPicture(svg)
      .elements('path')
      .find(({ d }) => /^M\S+ \S+L\S+ \S+L\S+ \S+$/.test(d!))!
    const [x0, y0, x1, y1, x2, y2] = path.d!.match(/[\d.]+/g)!.map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    expect(x1 - x0).toBeCloseTo(x2 - x1, 0)
    expect(y0 - y1).toBeCloseTo(2 * (y2 - y1), 0)
  })

  it('is the same text each time, with ids of its own', async () => {
    const first = await lineChart({ series: two })
    const other = await lineChart({ series: [{ name: 'a', values: [1, 2] }] })
    expect(await lineChart({ series: two })).toBe(first)
    const idsOf = (svg: string): string[] =>
      readPicture(svg)
        .elements('clipPath')
        .map(({ id }) => id!)
    expect(idsOf(first).length).toBeGreaterThan(0)
    expect(idsOf(first).filter((id) => idsOf(other).includes(id))).toEqual([])
    for (const id of idsOf(first)) expect(first).toContain(`url(#${id})`)
  })

  it('thins out what has more values than pixels, and keeps its peaks', async () => {
    const values = Float32Array.from(
      { length: 100_000 },
      (_, i) => Math.sin(i / 1e4) + (i === 55_555 ? 5 : 0),
    )
    const svg = await lineChart({ series: [{ name: 'a', values }] })
    expect(svg.length).toBeLessThan(60_000)
    expect(readPicture(svg).texts).toContain('5')
    const line = readPicture(svg)
      .elements('path')
      .find(({ stroke }) => stroke === palette[0])!
    const heights = [...line.d!.matchAll(/[ML]\S+ ([\d.]+)/g)].map(([, y]) => Number(y)).sort((a, b) => a - b)
    expect(heights[1]! - heights[0]!).toBeGreaterThan(100)
  })

  it('says which number it cannot draw', async () => {
    await expect(lineChart({ series: [] })).rejects.toThrow('series is empty')
    await expect(lineChart({ series: [{ name: 'a', values: [] }] })).rejects.toThrow("series 'a' is empty")
    await expect(lineChart({ series: [{ name: 'a', values: [1, Number.NaN] }] })).rejects.toThrow(
      "lineChart: series 'a'[1] is NaN",
    )
    await expect(lineChart({ x: { values: [1] }, series: [{ name: 'a', values: [1, 2] }] })).rejects.toThrow(
      "series 'a' has length 2, but x.values has 1",
    )
    await expect(lineChart({ y: { scale: 'log' }, series: [{ name: 'a', values: [1, 0] }] })).rejects.toThrow(
      "series 'a'[1] is 0: a logarithmic axis",
    )
    await expect(lineChart({ y: { min: 2, max: 1 }, series: two })).rejects.toThrow('min (2) must be less')
    await expect(lineChart({ width: 3, series: two })).rejects.toThrow('width is 3')
  })
})

describe('scatterChart', () => {
  const labelled = {
    name: 'a',
    points: [
      [1, 1],
      [2, 2],
      [2, 2],
    ] as const,
    labels: ['first', 'second', 'covers the second'],
  }

  it('draws each point, and labels that do not cover one another', async () => {
    const picture = readPicture(await scatterChart({ groups: [labelled] }))
    expect(picture.elements('path').filter(({ fill }) => fill === palette[0])).toHaveLength(3)
    expect(picture.texts).toContain('first')
    expect(picture.texts.filter((text) => /second/.test(text))).toHaveLength(1)
  })

  it('leaves an axis away where it is asked to', async () => {
    const groups = [
      {
        name: 'a',
        points: [
          [0, 1000],
          [1, 2000],
        ] as const,
      },
    ]
    const numbers = async (show: boolean): Promise<string[]> =>
      readPicture(await scatterChart({ groups, y: { show } })).texts.filter((text) => /^[12]000$/.test(text))
    expect(await numbers(true)).toEqual(['1000', '2000'])
    expect(await numbers(false)).toEqual([])
  })

  it('turns a label at the right edge to the left', async () => {
    const points = [
      [0, 0],
      [1, 1],
    ] as const
    const labels = ['left', 'a label far too long for the edge']
    const svg = await scatterChart({ groups: [{ name: 'a', points, labels }] })
    const line = svg.split('\n').find((each) => each.includes(labels[1]!))!
    expect(line).toContain('text-anchor="end"')
  })

  it('says which point it cannot draw', async () => {
    const points = [
      [1, 1],
      [1, Number.POSITIVE_INFINITY],
    ] as const
    await expect(scatterChart({ groups: [{ name: 'a', points }] })).rejects.toThrow(
      "y of scatterChart: group 'a'[1] is Infinity",
    )
    await expect(scatterChart({ groups: [{ ...labelled, labels: ['one'] }] })).rejects.toThrow(
      'labels has length 1, but points has 3',
    )
    await expect(
      scatterChart({ x: { scale: 'log' }, groups: [{ name: 'a', points: [[-1, 1]] }] }),
    ).rejects.toThrow("x of scatterChart: group 'a'[0] is -1: a logarithmic axis")
  })
})

describe('scatterChart with thousands of points', () => {
  it('makes one shape of them', async () => {
    const points = Array.from({ length: 5000 }, (_, i) => [i % 71, i % 73] as const)
    const picture = readPicture(await scatterChart({ groups: [{ name: 'a', points }] }))
    expect(picture.elements('path').filter(({ fill }) => fill === palette[0])).toHaveLength(1)
  })
})

describe('barChart', () => {
  const series = [
    { name: 'train', values: [1, 2, 4] },
    { name: 'test', values: [1, 1, 2] },
  ]

  it.each([false, true])('draws bars as long as their values, horizontal: %s', async (horizontal) => {
    const picture = readPicture(await barChart({ categories: ['a', 'b', 'c'], series, horizontal }))
    const lengths = palette.slice(0, 2).map((colour) =>
      picture
        .elements('path')
        .filter(({ fill, d, transform }) => fill === colour && !transform && /^M\S+ \S+l/i.test(d!))
        .map(({ d }) => {
          const [, , w, h, w2, h2] = d!.match(/-?[\d.]+/g)!.map(Number) as number[]
          return horizontal ? Math.abs(w! + w2!) : Math.abs(h! + h2!)
        }),
    )
    const unit = lengths[0]![0]!
    expect(lengths.map((each) => each.map((length) => Math.round(length / unit)))).toEqual([
      [1, 2, 4],
      [1, 1, 2],
    ])
    expect(picture.texts).toEqual(expect.arrayContaining(['a', 'b', 'c', 'train', 'test']))
  })

  it('refuses another number of values', async () => {
    await expect(barChart({ categories: ['a'], series })).rejects.toThrow(
      "series 'train' has length 3, but categories has 1",
    )
    await expect(barChart({ categories: [], series })).rejects.toThrow('categories is empty')
  })
})

describe('histogram', () => {
  const bars = (svg: string): number[] =>
    readPicture(svg)
      .elements('path')
      .filter(({ fill }) => fill === palette[0])
      .map(({ d }) => Number(/l-?[\d.]+ 0l0 (-?[\d.]+)/.exec(d!)![1]))

  it('counts as numpy does: the last edge belongs to the last bin', async () => {
    // numpy.histogram([1, 2, 2, 3, 3, 3, 4], [1, 2, 3, 4]) gives [1, 2, 4]
    const heights = bars(await histogram({ values: [3, 1, 2, 2, 3, 4, 3], bins: [1, 2, 3, 4] }))
    expect(heights.map((height) => Math.round(height / heights[0]!))).toEqual([1, 2, 4])
  })

  it('chooses as many bins as numpy', async () => {
    // numpy.histogram_bin_edges((numpy.arange(100) / 7) % 5, 'auto') has 8 bins, of [2, 2] one
    const values = Array.from({ length: 100 }, (_, i) => (i / 7) % 5)
    expect(bars(await histogram({ values }))).toHaveLength(8)
    expect(bars(await histogram({ values: [2, 2] }))).toHaveLength(1)
  })

  it('refuses what it cannot count', async () => {
    await expect(histogram({ values: [] })).rejects.toThrow('values is empty')
    await expect(histogram({ values: [1, Number.NaN] })).rejects.toThrow('values[1] is NaN')
    await expect(histogram({ values: [1], bins: [1, 1] })).rejects.toThrow('bins[1] is not above')
    await expect(histogram({ values: [1], bins: 0 })).rejects.toThrow('from 1 to 10000, got 0')
  })
})

describe('rocChart', () => {
  const curve = { name: 'svm', falsePositiveRate: [0, 0.2, 1], truePositiveRate: [0, 0.9, 1], auc: 0.85 }

  it('names the area of each curve, also of a single one', async () => {
    const picture = readPicture(await rocChart({ curves: [curve] }))
    expect(picture.texts).toContain('svm (AUC 0.850)')
    expect(picture.texts).not.toContain('guessing')
  })

  it('takes rates only', async () => {
    await expect(rocChart({ curves: [{ ...curve, falsePositiveRate: [0, 2, 1] }] })).rejects.toThrow(
      "curve 'svm': falsePositiveRate[1] is 2: a rate is 0 to 1",
    )
    await expect(rocChart({ curves: [{ ...curve, truePositiveRate: [0, 1] }] })).rejects.toThrow(
      "curve 'svm' has length 2, but falsePositiveRate has 3",
    )
  })
})
