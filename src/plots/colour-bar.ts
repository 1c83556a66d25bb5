import type { ChartOption } from './render.ts'
import { formatNumber, textWidth } from './text.ts'
import { type ColourScale, colourStops, colours, fontFamily, fontSize } from './theme.ts'

/** What the bar of colours takes at the right. */
export function colourBarWidth({ min, max }: { readonly min: number; readonly max: number }): number {
  return (
    Math.max(
      textWidth(formatNumber(min, 3), fontSize - 1),
      textWidth(formatNumber(max, 3), fontSize - 1),
      14,
    ) + 16
  )
}

/** The colours from the smallest number (below) to the largest, at the right. */
export function colourBar(
  scale: ColourScale,
  { min, max }: { readonly min: number; readonly max: number },
  top: number,
): NonNullable<ChartOption['visualMap']> {
  return {
    type: 'continuous',
    min,
    max,
    seriesIndex: [],
    calculable: false,
    right: 12,
    top,
    itemWidth: 14,
    itemHeight: 90,
    padding: 0,
    text: [formatNumber(max, 3), formatNumber(min, 3)],
    textGap: 6,
    textStyle: { fontFamily, fontSize: fontSize - 1, color: colours.text },
    inRange: { color: [...colourStops[scale]] },
  }
}
