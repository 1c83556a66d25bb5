import { frame, valueAxis } from './cartesian.ts'
import { type ChartSize, checkLength, checkNotEmpty, checkNumbers, checkSize } from './check.ts'
import { renderChart } from './render.ts'
import { colours, seriesColour } from './theme.ts'

/** A receiver operating characteristic, from (0, 0) to (1, 1): what the metrics' rocCurve gives, with a name. */
export interface NamedRocCurve {
  readonly name: string
  readonly falsePositiveRate: ArrayLike<number>
  readonly truePositiveRate: ArrayLike<number>
  /** The area under it, 0..1, which the legend shows. */
  readonly auc?: number
}

export interface RocChartOptions extends ChartSize {
  readonly title?: string
  readonly curves: readonly NamedRocCurve[]
}

function checkRates(what: string, rates: ArrayLike<number>): void {
  checkNotEmpty(what, rates.length, 'rate')
  checkNumbers(what, rates)
  for (let i = 0; i < rates.length; i++) {
    if (rates[i]! < 0 || rates[i]! > 1) throw new RangeError(`${what}[${i}] is ${rates[i]}: a rate is 0 to 1`)
  }
}

/**
 * ROC curves with the diagonal of guessing; the legend gives the areas under them.
 *
 * @returns An SVG document, by default 520 x 540 pixels.
 * @throws RangeError Without curves or rates, where lengths differ, or where a rate is not 0 to 1; it names the curve and index.
 */
export async function rocChart(options: RocChartOptions): Promise<string> {
  const { title, curves } = options
  const { width, height } = checkSize('rocChart', options, { width: 520, height: 540 })
  checkNotEmpty('rocChart: curves', curves.length, 'curve')
  for (const { name, falsePositiveRate, truePositiveRate } of curves) {
    const place = `rocChart: curve '${name}'`
    checkRates(`${place}: falsePositiveRate`, falsePositiveRate)
    checkRates(`${place}: truePositiveRate`, truePositiveRate)
    checkLength(place, truePositiveRate.length, 'falsePositiveRate', falsePositiveRate.length)
  }
  const names = curves.map(({ name, auc }) => (auc === undefined ? name : `${name} (AUC ${auc.toFixed(3)})`))
  const { option } = frame({ title, names, legend: true }, width)
  const line = (name: string, data: number[][], color: string, dashed: boolean): object => ({
    type: 'line' as const,
    name,
    data,
    color,
    symbol: 'none' as const,
    lineStyle: { color, width: dashed ? 1 : 2, type: dashed ? ('dashed' as const) : ('solid' as const) },
  })
  const ends = { min: 0, max: 1 }
  return renderChart(
    {
      ...option,
      xAxis: valueAxis('x', { label: 'false positive rate', ...ends }),
      yAxis: valueAxis('y', { label: 'true positive rate', ...ends }),
      series: [
        line(
          'guessing',
          [
            [0, 0],
            [1, 1],
          ],
          colours.axis,
          true,
        ),
        ...curves.map(({ falsePositiveRate, truePositiveRate }, i) => ({
          ...line(
            names[i]!,
            Array.from(truePositiveRate, (rate, j) => [falsePositiveRate[j]!, rate]),
            seriesColour(i),
            false,
          ),
        })),
      ],
    },
    width,
    height,
  )
}
