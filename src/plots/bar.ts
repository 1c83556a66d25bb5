import { type Axis, checkAxis } from './axis.ts'
import { categoryAxis, frame, valueAxis } from './cartesian.ts'
import { type ChartSize, checkLength, checkNotEmpty, checkNumbers, checkSize } from './check.ts'
import { renderChart } from './render.ts'
import { textWidth } from './text.ts'
import { fontSize, seriesColour } from './theme.ts'

export interface BarChartOptions extends ChartSize {
  readonly title?: string
  /** What the bars stand for. */
  readonly categories: readonly string[]
  /** One bar a category each, side by side. */
  readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[]
  /** Bars from left to right, the first category at the top: for long names. */
  readonly horizontal?: boolean
  /** The axis of the values, also where it lies at the bottom. */
  readonly y?: Axis
}

/**
 * Bars from zero, in groups side by side where there are several series.
 *
 * @returns An SVG document, by default 720 x 420 pixels; with horizontal bars the height follows from their number.
 * @throws RangeError Without categories, where a series has another number of values, or where a number is not finite.
 */
export async function barChart(options: BarChartOptions): Promise<string> {
  const { title, categories, series, horizontal = false, y = {} } = options
  checkNotEmpty('barChart: categories', categories.length, 'category')
  checkNotEmpty('barChart: series', series.length, 'series')
  checkAxis('barChart: y', y)
  for (const { name, values } of series) {
    const place = `barChart: series '${name}'`
    checkLength(place, values.length, 'categories', categories.length)
    checkNumbers(place, values, y.scale)
  }
  const byNumber = Math.min(140 + categories.length * (series.length * 12 + 14), 10_000)
  const { width, height } = checkSize('barChart', options, {
    width: 720,
    height: horizontal ? byNumber : 420,
  })
  const { option } = frame({ title, names: series.map(({ name }) => name) }, width)
  const widest = Math.max(...categories.map((name) => textWidth(name, fontSize)))
  const tight = !horizontal && (widest + 8) * categories.length > width - 90
  const names = categoryAxis(horizontal ? 'y' : 'x', categories, {
    rotate: tight ? 45 : 0,
    every: categories.length * (fontSize + 2) <= (horizontal ? height : width) - 90,
  })
  const values = valueAxis(horizontal ? 'x' : 'y', y, { zero: true })
  return renderChart(
    {
      ...option,
      xAxis: horizontal ? values : names,
      yAxis: horizontal ? { ...names, inverse: true } : values,
      series: series.map(({ name, values: heights }, i) => ({
        type: 'bar' as const,
        name,
        data: Array.from(heights),
        color: seriesColour(i),
        itemStyle: { color: seriesColour(i) },
        barMaxWidth: 48,
      })),
    },
    width,
    height,
  )
}
