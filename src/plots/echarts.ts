import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent, VisualMapComponent } from 'echarts/components'
import { init, setPlatformAPI, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { SVGRenderer } from 'echarts/renderers'
import type { ChartOption } from './render.ts'
import { textWidth } from './text.ts'

use([
  BarChart,
  CustomChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  TitleComponent,
  VisualMapComponent,
  LabelLayout,
  SVGRenderer,
])

// A browser would measure with its fonts, and the same chart would be another text there.
setPlatformAPI({
  measureText: (text: string, font?: string) => ({
    width: textWidth(
      text ?? '',
      Number(/([\d.]+)px/.exec(font ?? '')?.[1] ?? 12),
      font?.includes('bold') ? 'bold' : 'normal',
    ),
  }),
})

/** What ECharts draws, as it gives it. */
export function drawWithECharts(option: ChartOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption(option)
    return chart.renderToSVGString()
  } finally {
    chart.dispose()
  }
}
