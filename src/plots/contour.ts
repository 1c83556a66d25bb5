import { checkAxis } from './axis.ts'
import { frame, valueAxis } from './cartesian.ts'
import {
  type ChartSize,
  checkLength,
  checkMatrix,
  checkNotEmpty,
  checkNumbers,
  checkPoints,
  checkSize,
  type Point,
} from './check.ts'
import { colourBar, colourBarWidth } from './colour-bar.ts'
import { colourAt, hex, placeIn, scaleRange, tint } from './colour-scale.ts'
import type { GridValues, Shape } from './contour-shapes.ts'
import { type ChartOption, renderChart } from './render.ts'
import { formatNumber } from './text.ts'
import { type ColourScale, colours, seriesColour } from './theme.ts'

export interface ContourPlotOptions extends ChartSize {
  readonly title?: string
  /** Where the columns of `values` stand, rising. */
  readonly x: ArrayLike<number>
  /** Where the rows of `values` stand, rising (upwards in the picture). */
  readonly y: ArrayLike<number>
  /** `values[j][i]` stands at (`x[i]`, `y[j]`). At most 1,000,000 numbers. */
  readonly values: readonly ArrayLike<number>[]
  readonly xLabel?: string
  readonly yLabel?: string
  /** About how many levels (default 10), or the levels themselves, rising: `[0]` for the boundary of a decision function. */
  readonly levels?: number | readonly number[]
  /** Levels in equal ratios, for surfaces that rise steeply; values must be above 0. */
  readonly log?: boolean
  /** Default sequential; diverging has zero in the middle. */
  readonly scale?: ColourScale
  /** The numbers at the ends of the colours: by default the smallest and the largest value. */
  readonly min?: number
  readonly max?: number
  /** Names of classes: values are then their indices, and each class's area is in its colour. */
  readonly classes?: readonly string[]
  /** Ways over the surface, such as an optimizer's. */
  readonly paths?: readonly { readonly name: string; readonly points: readonly Point[] }[]
  /** Points on top; a group named as a class has its colour. */
  readonly points?: readonly { readonly name: string; readonly points: readonly Point[] }[]
}

interface Band {
  readonly shape: Shape
  readonly fill: string
}

function checkOptions(options: ContourPlotOptions): { min: number; max: number } {
  const { x, y, values, log = false, classes, paths = [], points = [] } = options
  checkAxis('contourPlot', {
    scale: log ? 'log' : 'linear',
    min: options.min,
    max: options.max,
  })
  for (const [name, places] of [
    ['x', x],
    ['y', y],
  ] as const) {
    checkNumbers(`contourPlot: ${name}`, places)
    if (places.length < 2) throw new RangeError(`contourPlot: ${name} needs at least two numbers`)
    for (let i = 1; i < places.length; i++) {
      if (places[i]! <= places[i - 1]!) {
        throw new RangeError(`contourPlot: ${name}[${i}] is not above the number before it: give them rising`)
      }
    }
  }
  checkLength('contourPlot: values', values.length, 'y', y.length)
  const { rows, columns, min, max } = checkMatrix('contourPlot: values', values)
  checkLength('contourPlot: values[0]', columns, 'x', x.length)
  if (rows * columns > 1_000_000) {
    throw new RangeError(`contourPlot: ${rows} x ${columns} numbers are too many: give at most 1,000,000`)
  }
  if (log && min <= 0) {
    throw new RangeError(
      `contourPlot: log takes only values above 0, but the smallest is ${formatNumber(min)}`,
    )
  }
  if (classes) {
    const stranger = values.flatMap((row) => Array.from(row)).find((value) => classes[value] === undefined)
    if (stranger !== undefined) {
      throw new RangeError(
        `contourPlot: a value is ${formatNumber(stranger)}, but with ${classes.length} classes values are whole numbers from 0 to ${classes.length - 1}`,
      )
    }
  }
  for (const { name, points: own } of [...paths, ...points]) {
    checkNotEmpty(`contourPlot: '${name}'`, own.length, 'point')
    checkPoints(`contourPlot: '${name}'`, own)
  }
  return { min, max }
}

const identity = (value: number): number => value

/** Each class's area over that of the first, which lies below everything. */
async function classBands(grid: GridValues, classes: readonly string[]): Promise<Band[]> {
  const { areaAbove } = await import('./contour-shapes.ts')
  return classes.map((_, index) => ({
    shape: areaAbove(grid, 0.5, (value) => (index === 0 || value === index ? 1 : 0)),
    fill: tint(seriesColour(index), 0.3),
  }))
}

/** The area above each level over that of the one below. */
async function levelBands(
  grid: GridValues,
  ends: { min: number; max: number },
  options: ContourPlotOptions,
): Promise<{ bands: Band[]; range: { min: number; max: number } | undefined }> {
  const { levels = 10, log = false, scale = 'sequential' } = options
  const { areaAbove, levelsBetween } = await import('./contour-shapes.ts')
  const between = levelsBetween(ends, levels, log)
  const inScale = log ? Math.log : identity
  const range = scaleRange(log ? 'sequential' : scale, ends, options)
  const scaled = { min: inScale(range.min), max: inScale(range.max) }
  const limits = [ends.min, ...between, ends.max].map(inScale)
  const bands = [ends.min, ...between].map((level, i) => ({
    shape: areaAbove(grid, inScale(level), inScale),
    fill: hex(colourAt(scale, placeIn(scaled, (limits[i]! + limits[i + 1]!) / 2))),
  }))
  return { bands, range: range.max > range.min ? range : undefined }
}

type Series = Extract<NonNullable<ChartOption['series']>, readonly unknown[]>[number]

function bandSeries(bands: readonly Band[], lines: string): Series {
  return {
    type: 'custom',
    z: 1,
    silent: true,
    data: bands.map((_, i) => [i]),
    encode: { x: -1, y: -1 },
    renderItem: (_, api) => {
      const { shape, fill } = bands[Number(api.value(0))]!
      const pathData = shape
        .map((ring) => {
          const corners = ring.map((point) => api.coord([...point]).map((each) => each.toFixed(1)))
          return `M${corners.map((corner) => corner.join(' ')).join('L')}Z`
        })
        .join('')
      return { type: 'path', shape: { pathData }, style: { fill, stroke: lines, lineWidth: 0.5 } }
    },
  }
}

/**
 * A surface over the plane as bands of colour between levels: loss surfaces with the ways that optimizers take over them,
 * decision functions, and the areas that a classifier gives to each class, with points on top.
 *
 * @returns An SVG document, by default 640 x 520 pixels.
 * @throws RangeError Where lengths do not fit, the places do not rise, or a number is not finite; it names the row and the index.
 */
export async function contourPlot(options: ContourPlotOptions): Promise<string> {
  const { title, x, y, xLabel, yLabel, classes, scale = 'sequential', paths = [], points = [] } = options
  const { width, height } = checkSize('contourPlot', options, { width: 640, height: 520 })
  const ends = checkOptions(options)
  const grid = { x, y, values: options.values }
  const drawn = classes
    ? { bands: await classBands(grid, classes), range: undefined }
    : await levelBands(grid, ends, options)
  const colourOf = (name: string, index: number): string => {
    const own = classes?.indexOf(name) ?? -1
    return seriesColour(own >= 0 ? own : index)
  }
  const names = [
    ...new Set([...(classes ?? []), ...points.map(({ name }) => name), ...paths.map(({ name }) => name)]),
  ]
  const right = 24 + (drawn.range ? colourBarWidth(drawn.range) : 0)
  const { option, top } = frame({ title, names, right }, width)
  const missing = (classes ?? []).filter((name) => !points.some((group) => group.name === name))
  return renderChart(
    {
      ...option,
      xAxis: valueAxis(
        'x',
        { ...axisOver(x), ...(xLabel === undefined ? {} : { label: xLabel }) },
        { grid: false },
      ),
      yAxis: valueAxis(
        'y',
        { ...axisOver(y), ...(yLabel === undefined ? {} : { label: yLabel }) },
        { grid: false },
      ),
      ...(drawn.range ? { visualMap: colourBar(scale, drawn.range, top) } : {}),
      series: [
        bandSeries(drawn.bands, classes ? colours.background : '#6b728080'),
        ...points.map(({ name, points: own }, i) => ({
          type: 'scatter' as const,
          name,
          z: 3,
          color: colourOf(name, i),
          symbolSize: 7,
          itemStyle: { color: colourOf(name, i), borderColor: colours.background, borderWidth: 0.75 },
          data: own.map(([px, py]) => [px, py]),
        })),
        // A class without points still has its place in the legend.
        ...missing.map((name) => ({
          type: 'scatter' as const,
          name,
          color: colourOf(name, 0),
          itemStyle: { color: colourOf(name, 0) },
          data: [],
        })),
        ...paths.map(({ name, points: own }, i) => {
          const color = seriesColour(points.length + i + 1)
          return {
            type: 'line' as const,
            name,
            z: 4,
            color,
            symbol: 'circle',
            symbolSize: 4,
            showSymbol: own.length <= 60,
            showAllSymbol: true,
            itemStyle: { color },
            lineStyle: { color, width: 2 },
            data: own.map(([px, py]) => [px, py]),
          }
        }),
      ],
    },
    width,
    height,
  )
}

function axisOver(places: ArrayLike<number>): { min: number; max: number } {
  return { min: places[0]!, max: places[places.length - 1]! }
}
