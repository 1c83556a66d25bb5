import { type Axis, checkAxis } from './axis.ts'
import { frame, valueAxis } from './cartesian.ts'
import { type ChartSize, checkNotEmpty, checkNumbers, checkSize } from './check.ts'
import { renderChart } from './render.ts'
import { colours, seriesColour } from './theme.ts'

export interface HistogramOptions extends ChartSize {
  readonly title?: string
  readonly values: ArrayLike<number>
  /**
   * Number of bins of equal width, or their edges in rising order (values outside are not counted). By default the larger
   * number of Freedman and Diaconis' and of Sturges' rules, at most 200.
   */
  readonly bins?: number | readonly number[]
  readonly x?: Omit<Axis, 'scale'>
  readonly y?: Pick<Axis, 'label'>
}

function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below]!
  return low + ((sorted[below + 1] ?? low) - low) * (at - below)
}

/** As numpy's histogram_bin_edges does for `auto`. */
function binCount(sorted: Float64Array): number {
  const spread = sorted.at(-1)! - sorted[0]!
  if (spread === 0) return 1
  const sturges = Math.ceil(Math.log2(sorted.length)) + 1
  const binWidth = (2 * (quantile(sorted, 0.75) - quantile(sorted, 0.25))) / Math.cbrt(sorted.length)
  const freedmanDiaconis = binWidth > 0 ? Math.ceil(spread / binWidth) : 1
  return Math.min(Math.max(sturges, freedmanDiaconis), 200)
}

function binEdges(sorted: Float64Array, bins: HistogramOptions['bins']): number[] {
  if (typeof bins === 'object') {
    checkNumbers('histogram: bins', bins)
    const falling = bins.findIndex((edge, i) => i > 0 && edge <= bins[i - 1]!)
    if (bins.length < 2 || falling > 0) {
      throw new RangeError(
        falling > 0
          ? `histogram: bins[${falling}] is not above the edge before it: give edges in rising order`
          : 'histogram: bins as edges must be at least two',
      )
    }
    return [...bins]
  }
  if (bins !== undefined && !(Number.isInteger(bins) && bins > 0 && bins <= 10_000)) {
    throw new RangeError(`histogram: bins must be a whole number from 1 to 10000, got ${bins}`)
  }
  const count = bins ?? binCount(sorted)
  const [first, last] = [sorted[0]!, sorted.at(-1)!]
  const [low, high] = first === last ? [first - 0.5, last + 0.5] : [first, last]
  return Array.from({ length: count + 1 }, (_, i) => (i === count ? high : low + ((high - low) * i) / count))
}

/** How many values lie in each bin: the lower edge belongs to it, and of the last bin the upper one too. */
function countIn(edges: readonly number[], sorted: Float64Array): number[] {
  const counts = new Array<number>(edges.length - 1).fill(0)
  let bin = 0
  for (const value of sorted) {
    if (value < edges[0]! || value > edges.at(-1)!) continue
    while (bin < counts.length - 1 && value >= edges[bin + 1]!) bin++
    counts[bin]!++
  }
  return counts
}

/**
 * How often values lie where: weights of a layer, a feature of a data set.
 *
 * @returns An SVG document, by default 720 x 360 pixels.
 * @throws RangeError Without values, where one is not finite (it names the index), or where the edges do not rise.
 */
export async function histogram(options: HistogramOptions): Promise<string> {
  const { title, values, x = {}, y = { label: 'count' } } = options
  const { width, height } = checkSize('histogram', options, { width: 720, height: 360 })
  checkNotEmpty('histogram: values', values.length, 'value')
  checkNumbers('histogram: values', values)
  checkAxis('histogram: x', x)
  const sorted = Float64Array.from(values).sort()
  const edges = binEdges(sorted, options.bins)
  const counts = countIn(edges, sorted)
  const color = seriesColour(0)
  return renderChart(
    {
      ...frame({ title }, width).option,
      xAxis: valueAxis('x', x, { grid: false }),
      yAxis: valueAxis('y', y, { zero: true }),
      series: {
        type: 'custom',
        clip: true,
        encode: { x: [0, 1], y: 2 },
        data: counts.map((count, i) => [edges[i]!, edges[i + 1]!, count]),
        renderItem: (_, api) => {
          const [left, top] = api.coord([api.value(0), api.value(2)]) as [number, number]
          const [right, bottom] = api.coord([api.value(1), 0]) as [number, number]
          return {
            type: 'rect',
            shape: { x: left, y: top, width: right - left, height: bottom - top },
            style: { fill: color, stroke: colours.background, lineWidth: right - left > 4 ? 1 : 0 },
          }
        },
      },
    },
    width,
    height,
  )
}
