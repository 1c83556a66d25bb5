import { type Axis, checkAxis, roundLogAxis } from './axis.ts'
import { frame, valueAxis } from './cartesian.ts'
import { type ChartSize, checkLength, checkNotEmpty, checkNumbers, checkSize } from './check.ts'
import { renderChart } from './render.ts'
import { seriesColour } from './theme.ts'

/** A line of a chart. */
export interface LineSeries {
  readonly name: string
  readonly values: ArrayLike<number>
  /** Where each value stands: by default the chart's `x.values`, else 0, 1, 2, … */
  readonly x?: ArrayLike<number>
  readonly dashed?: boolean
  /** A mark at each value: by default where there are no more than 20. */
  readonly points?: boolean
}

export interface LineChartOptions extends ChartSize {
  readonly title?: string
  /** `values`: where the values of every series without its own `x` stand. */
  readonly x?: Axis & { readonly values?: ArrayLike<number> }
  readonly y?: Axis
  readonly series: readonly LineSeries[]
}

/** From the first to the last place; a single place leaves the axis as it is. */
function extent(places: readonly number[]): { min?: number; max?: number } {
  const min = places.reduce((least, place) => Math.min(least, place), Number.POSITIVE_INFINITY)
  const max = places.reduce((most, place) => Math.max(most, place), Number.NEGATIVE_INFINITY)
  return min < max ? { min, max } : {}
}

/**
 * Lines over one axis of numbers: curves of losses and accuracies, schedules.
 *
 * @returns An SVG document, by default 720 x 420 pixels.
 * @throws RangeError Without values, where lengths differ, or where a number is not finite (or not positive, on a logarithmic
 * axis); it names the series and the index.
 */
export async function lineChart(options: LineChartOptions): Promise<string> {
  const { title, x = {}, y = {}, series } = options
  const { width, height } = checkSize('lineChart', options, { width: 720, height: 420 })
  checkNotEmpty('lineChart: series', series.length, 'series')
  checkAxis('lineChart: x', x)
  checkAxis('lineChart: y', y)
  const lines = series.map((line) => {
    const place = `lineChart: series '${line.name}'`
    checkNotEmpty(`${place}`, line.values.length, 'value')
    const given = line.x ?? x.values
    if (given) {
      const name = line.x ? 'its x' : 'x.values'
      checkLength(place, line.values.length, name, given.length)
    }
    const positions = given ?? Array.from(line.values, (_, i) => i)
    checkNumbers(`${place}: x`, positions, x.scale)
    checkNumbers(place, line.values, y.scale)
    return Array.from(line.values, (value, i) => [positions[i]!, value])
  })
  const { option } = frame({ title, names: series.map(({ name }) => name) }, width)
  return renderChart(
    {
      ...option,
      xAxis: valueAxis('x', { ...extent(lines.flat().map(([at]) => at!)), ...x }, { grid: false }),
      yAxis: valueAxis(
        'y',
        roundLogAxis(
          y,
          lines.flat().map(([, value]) => value!),
        ),
      ),
      series: lines.map((data, i) => {
        const { name, dashed = false, points = data.length <= 20 } = series[i]!
        const color = seriesColour(i)
        return {
          type: 'line' as const,
          name,
          data,
          color,
          symbol: 'circle',
          symbolSize: 5,
          showSymbol: points || data.length === 1,
          showAllSymbol: true,
          // More values than pixels: the largest triangles keep the shape (Steinarsson 2013).
          sampling: 'lttb' as const,
          lineStyle: { color, width: 2, type: dashed ? ('dashed' as const) : ('solid' as const) },
          itemStyle: { color },
          clip: true,
        }
      }),
    },
    width,
    height,
  )
}
