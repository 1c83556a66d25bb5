import type {
  BarSeriesOption,
  CustomSeriesOption,
  LineSeriesOption,
  ScatterSeriesOption,
} from 'echarts/charts'
import type {
  GridComponentOption,
  LegendComponentOption,
  TitleComponentOption,
  VisualMapComponentOption,
} from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import { crc32 } from '../weights/crc32.ts'

export type ChartOption = ComposeOption<
  | BarSeriesOption
  | CustomSeriesOption
  | LineSeriesOption
  | ScatterSeriesOption
  | GridComponentOption
  | LegendComponentOption
  | TitleComponentOption
  | VisualMapComponentOption
>

/**
 * The chart as a standing picture: without what only a page with ECharts in it would use (styles under the mouse, marks for its
 * events), and with ids that depend on nothing but the picture, so that several may stand in one page.
 */
function tidy(svg: string): string {
  const plain = svg
    .replace(/<style >[\s\S]*?<\/style>\n?/, '')
    .replace(/ (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, '')
    .replaceAll('<image ', '<image style="image-rendering:pixelated" ')
    .replace(/\n{2,}/g, '\n')
  const prefix = `p${crc32(new TextEncoder().encode(plain.replace(/zr\d+-/g, 'zr-'))).toString(16)}`
  return plain.replace(/((?:id="|url\(#))zr\d+-/g, `$1${prefix}-`)
}

/** Draws with ECharts, which is loaded when the first chart is drawn. */
export async function renderChart(option: ChartOption, width: number, height: number): Promise<string> {
  const { drawWithECharts } = await import('./echarts.ts')
  return tidy(drawWithECharts(option, width, height))
}
