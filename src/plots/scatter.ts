import { type Axis, checkAxis, roundLogAxis } from './axis.ts'
import { frame, valueAxis } from './cartesian.ts'
import { type ChartSize, checkLength, checkNotEmpty, checkPoints, checkSize, type Point } from './check.ts'
import { renderChart } from './render.ts'
import { colours, fontFamily, seriesColour } from './theme.ts'

/** Points of one kind. */
export interface PointGroup {
  readonly name: string
  readonly points: readonly Point[]
  /** A text beside each point; those that would cover another are left out. */
  readonly labels?: readonly string[]
  /** Diameter in pixels, default 7. */
  readonly size?: number
}

/** A line through points, such as a frontier or a fitted line. */
export interface PointLine {
  readonly name?: string
  readonly points: readonly Point[]
  readonly dashed?: boolean
}

export interface ScatterChartOptions extends ChartSize {
  readonly title?: string
  readonly x?: Axis
  readonly y?: Axis
  readonly groups: readonly PointGroup[]
  readonly lines?: readonly PointLine[]
}

/**
 * Points in the plane, in groups of a colour each, with texts beside them and lines through them.
 *
 * @returns An SVG document, by default 720 x 480 pixels.
 * @throws RangeError Without points, where there are not as many labels as points, or where a number is not finite (or not
 * positive, on a logarithmic axis); it names the group and the index.
 */
export async function scatterChart(options: ScatterChartOptions): Promise<string> {
  const { title, x = {}, y = {}, groups, lines = [] } = options
  const { width, height } = checkSize('scatterChart', options, { width: 720, height: 480 })
  checkAxis('scatterChart: x', x)
  checkAxis('scatterChart: y', y)
  checkNotEmpty('scatterChart: groups', groups.length, 'group')
  const scales = [x.scale ?? 'linear', y.scale ?? 'linear'] as const
  for (const { name, points, labels } of groups) {
    const place = `scatterChart: group '${name}'`
    checkNotEmpty(place, points.length, 'point')
    checkPoints(place, points, scales)
    if (labels) checkLength(`${place}: labels`, labels.length, 'points', points.length)
  }
  lines.forEach(({ points }, i) => {
    checkNotEmpty(`scatterChart: lines[${i}]`, points.length, 'point')
    checkPoints(`scatterChart: lines[${i}]`, points, scales)
  })
  const all = [...groups, ...lines].flatMap(({ points }) => points)
  const names = [...groups.map(({ name }) => name), ...lines.flatMap(({ name }) => name ?? [])]
  const { option } = frame({ title, names }, width)
  return renderChart(
    {
      ...option,
      xAxis: valueAxis(
        'x',
        roundLogAxis(
          x,
          all.map(([px]) => px),
        ),
      ),
      yAxis: valueAxis(
        'y',
        roundLogAxis(
          y,
          all.map(([, py]) => py),
        ),
      ),
      series: [
        ...groups.map((group, i) => ({ ...pointSeries(group, i, width) })),
        ...lines.map(({ name, points, dashed = false }, i) => {
          const color = name === undefined ? colours.axis : seriesColour(groups.length + i)
          return {
            type: 'line' as const,
            ...(name === undefined ? {} : { name }),
            data: points.map(([px, py]) => [px, py]),
            color,
            symbol: 'none' as const,
            lineStyle: { color, width: 1.5, type: dashed ? ('dashed' as const) : ('solid' as const) },
            z: 1,
          }
        }),
      ],
    },
    width,
    height,
  )
}

interface LabelPlace {
  readonly labelRect: { readonly x: number; readonly width: number }
  readonly rect: { readonly x: number }
}

/** The points of a group as a series of ECharts; a label that would leave the picture stands on the left of its point. */
export function pointSeries(
  { name, points, labels, size = 7 }: PointGroup,
  index: number,
  chartWidth: number,
): object {
  const color = seriesColour(index)
  return {
    type: 'scatter' as const,
    name,
    color,
    symbolSize: size,
    // Thousands of points become one shape.
    large: labels === undefined,
    largeThreshold: 2000,
    itemStyle: { color, opacity: 0.8 },
    data: points.map(([px, py], i) => ({ value: [px, py], ...(labels ? { name: labels[i]! } : {}) })),
    ...(labels
      ? {
          label: {
            show: true,
            position: 'right' as const,
            formatter: '{b}',
            color: colours.text,
            fontFamily,
            fontSize: 11,
          },
          labelLayout: ({ labelRect, rect }: LabelPlace) =>
            labelRect.x + labelRect.width > chartWidth
              ? { x: rect.x - 5, align: 'right' as const, hideOverlap: true }
              : { hideOverlap: true },
        }
      : {}),
  }
}
