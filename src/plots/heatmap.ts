import { checkAxis } from './axis.ts'
import { categoryAxis, frame } from './cartesian.ts'
import { type ChartSize, checkLength, checkMatrix, checkSize } from './check.ts'
import { colourBar, colourBarWidth } from './colour-bar.ts'
import { colourAt, hex, placeIn, readableOn, scaleRange } from './colour-scale.ts'
import { pngDataUri } from './png.ts'
import { type ChartOption, renderChart } from './render.ts'
import { formatNumber, textWidth } from './text.ts'
import { type ColourScale, colours, fontFamily, fontSize, titleSize } from './theme.ts'

export interface HeatmapOptions extends ChartSize {
  readonly title?: string
  /** Row by row from the top; at most 4,000,000 numbers. */
  readonly values: readonly ArrayLike<number>[]
  /** Names of the columns. */
  readonly xLabels?: readonly string[]
  /** Names of the rows. */
  readonly yLabels?: readonly string[]
  /** What the columns and the rows are, as a confusion matrix has "predicted" and "true". */
  readonly x?: { readonly label?: string }
  readonly y?: { readonly label?: string }
  /** The number in each cell, as it is (at most 4 digits) or as the function gives it; for at most 2,500 cells. */
  readonly annotate?: boolean | ((value: number, row: number, column: number) => string)
  /** Default sequential. Diverging has zero in the middle, unless `min` and `max` say otherwise. */
  readonly scale?: ColourScale
  /** The numbers at the ends of the scale: by default the smallest and the largest value. */
  readonly min?: number
  readonly max?: number
  /** The bar that says which colour is which number: by default where no numbers stand in the cells; never where all are equal. */
  readonly legend?: boolean
}

/** Cells that are drawn one by one; more become one embedded picture. */
const mostCells = 2500

interface Cells {
  readonly rows: number
  readonly columns: number
  readonly range: { readonly min: number; readonly max: number }
  readonly scale: ColourScale
  readonly values: readonly ArrayLike<number>[]
}

type Series = NonNullable<ChartOption['series']>

function cellSeries(
  { rows, columns, range, scale, values }: Cells,
  texts: readonly string[] | undefined,
): Series {
  return {
    type: 'custom',
    data: Array.from({ length: rows * columns }, (_, i) => [i % columns, Math.floor(i / columns)]),
    renderItem: (_, api) => {
      const [column, row] = [Number(api.value(0)), Number(api.value(1))]
      const colour = colourAt(scale, placeIn(range, values[row]![column]!))
      const [x, y] = api.coord([column, row]) as [number, number]
      const [width, height] = api.size!([1, 1]) as [number, number]
      const content = texts?.[row * columns + column]
      return {
        type: 'rect',
        shape: { x: x - width / 2, y: y - height / 2, width, height },
        style: { fill: hex(colour), stroke: colours.grid, lineWidth: width > 6 ? 1 : 0 },
        ...(content === undefined
          ? {}
          : {
              textContent: {
                type: 'text' as const,
                style: { text: content, fill: readableOn(colour), fontSize, fontFamily },
              },
              textConfig: { position: 'inside' as const },
            }),
      }
    },
  }
}

function pictureSeries({ rows, columns, range, scale, values }: Cells): Series {
  const data = new Uint8Array(rows * columns * 3)
  for (let i = 0; i < rows * columns; i++) {
    data.set(colourAt(scale, placeIn(range, values[Math.floor(i / columns)]![i % columns]!)), 3 * i)
  }
  const image = pngDataUri({ data, width: columns, height: rows, channels: 3 })
  return {
    type: 'custom',
    data: [[0, 0]],
    renderItem: (_, api) => {
      const [x, y] = api.coord([0, 0]) as [number, number]
      const [cellWidth, cellHeight] = api.size!([1, 1]) as [number, number]
      return {
        type: 'image',
        style: {
          image,
          x: x - cellWidth / 2,
          y: y - cellHeight / 2,
          width: cellWidth * columns,
          height: cellHeight * rows,
        },
      }
    },
  }
}

/** Square cells, as large as 480 pixels allow, and wide enough for the texts. */
function defaultCell(rows: number, columns: number, texts: readonly string[] | undefined): number {
  const widest = (texts ?? []).reduce((most, text) => Math.max(most, textWidth(text, fontSize) + 10), 0)
  return Math.max(Math.min(480 / Math.max(rows, columns), 48), widest, 1)
}

/**
 * A matrix in colours: confusion matrices, filters, correlations, small pictures with their numbers. Up to 2,500 cells are drawn
 * one by one; a larger matrix is embedded as a picture with a pixel a number, so that 200 x 200 numbers take some 100 kB.
 *
 * @returns An SVG document with square cells, unless `width` and `height` say otherwise.
 * @throws RangeError Without values, where rows differ in length, labels in number, or where a number is not finite; it names
 * the row and the index.
 */
export async function heatmap(options: HeatmapOptions): Promise<string> {
  const { title, values, xLabels, yLabels, annotate = false, scale = 'sequential' } = options
  const { rows, columns, ...own } = checkMatrix('heatmap: values', values)
  if (xLabels) checkLength('heatmap: xLabels', xLabels.length, 'the matrix in columns', columns)
  if (yLabels) checkLength('heatmap: yLabels', yLabels.length, 'the matrix in rows', rows)
  if (rows * columns > 4_000_000) {
    throw new RangeError(`heatmap: ${rows} x ${columns} numbers are too many: pool them to at most 4,000,000`)
  }
  if (annotate !== false && rows * columns > mostCells) {
    throw new RangeError(
      `heatmap: ${rows} x ${columns} cells are too many for numbers in them: leave annotate away, or show at most ${mostCells}`,
    )
  }
  checkAxis('heatmap', { min: options.min, max: options.max })
  const range = scaleRange(scale, own, options)
  const format = annotate === true ? (value: number) => formatNumber(value, 4) : annotate
  const texts =
    format === false
      ? undefined
      : values.flatMap((row, i) => Array.from(row, (value, j) => format(value, i, j)))
  const legend = (options.legend ?? texts === undefined) && range.max > range.min
  const cell = defaultCell(rows, columns, texts)
  const rotated = (xLabels ?? []).some((name) => textWidth(name, fontSize) > cell - 4)
  const room = roomFor(options, rotated)
  const right = 20 + (legend ? colourBarWidth(range) : 0)
  const titleWidth = title === undefined ? 0 : textWidth(title, titleSize, 'bold') + 32
  const { option, top } = frame({ title, right }, 0)
  const { width, height } = checkSize('heatmap', options, {
    width: Math.max(columns * cell + room.left + right, titleWidth, 50),
    height: Math.max(rows * cell + top + room.bottom, legend ? 160 : 50),
  })
  const cells = { rows, columns, range, scale, values }
  const names = (labels: readonly string[] | undefined, count: number): readonly string[] =>
    labels ?? Array.from({ length: count }, (_, i) => String(i))
  const look = (labels: readonly string[] | undefined): object =>
    labels ? { axisLine: { show: false } } : { axisLine: { show: false }, axisLabel: { show: false } }
  return renderChart(
    {
      ...option,
      xAxis: {
        ...categoryAxis('x', names(xLabels, columns), {
          label: options.x?.label,
          rotate: rotated ? 45 : 0,
          every: cell >= fontSize,
        }),
        ...look(xLabels),
      },
      yAxis: {
        ...categoryAxis('y', names(yLabels, rows), { label: options.y?.label, every: cell >= fontSize }),
        inverse: true,
        ...look(yLabels),
      },
      ...(legend ? { visualMap: colourBar(scale, range, top) } : {}),
      series: rows * columns > mostCells ? pictureSeries(cells) : cellSeries(cells, texts),
    },
    Math.round(width),
    Math.round(height),
  )
}

/** What the labels of the axes take. */
function roomFor(
  { xLabels, yLabels, x, y }: HeatmapOptions,
  rotated: boolean,
): { left: number; bottom: number } {
  const widest = (labels: readonly string[] = []): number =>
    labels.reduce((most, name) => Math.max(most, textWidth(name, fontSize)), 0)
  const below = xLabels ? (rotated ? widest(xLabels) * 0.71 + 18 : fontSize + 10) : 0
  return {
    left: 16 + (yLabels ? widest(yLabels) + 10 : 0) + (y?.label === undefined ? 0 : fontSize + 12),
    bottom: 16 + below + (x?.label === undefined ? 0 : fontSize + 12),
  }
}
