import type { Axis } from './axis.ts'
import type { ChartOption } from './render.ts'
import { formatNumber, textWidth } from './text.ts'
import { colours, fontFamily, fontSize, titleSize } from './theme.ts'

type Dimension = 'x' | 'y'

const text = { fontFamily, fontSize, color: colours.text }
const thin = { lineStyle: { color: colours.grid, width: 1 } }

/** What both kinds of axes share. */
function axisLook(dimension: Dimension, label: string | undefined): object {
  return {
    ...(label === undefined ? {} : { name: label }),
    nameLocation: 'middle',
    nameGap: dimension === 'x' ? 12 : 14,
    nameTextStyle: text,
    axisLine: { show: true, onZero: false, lineStyle: { color: colours.axis } },
    axisTick: { show: true, lineStyle: { color: colours.axis } },
  }
}

/** An axis of numbers, as ECharts takes it. */
export function valueAxis(
  dimension: Dimension,
  axis: Axis = {},
  look: { grid?: boolean; zero?: boolean } = {},
): object {
  return {
    ...axisLook(dimension, axis.label),
    show: axis.show ?? true,
    type: axis.scale === 'log' ? 'log' : 'value',
    scale: !(look.zero ?? false),
    ...(axis.min === undefined ? {} : { min: axis.min }),
    ...(axis.max === undefined ? {} : { max: axis.max }),
    axisLabel: {
      ...text,
      hideOverlap: true,
      formatter: (value: number) => formatNumber(value, axis.scale === 'log' ? 3 : 6),
    },
    splitLine: { show: look.grid ?? true, ...thin },
  }
}

/** An axis of names. */
export function categoryAxis(
  dimension: Dimension,
  categories: readonly string[],
  look: { label?: string | undefined; ticks?: boolean; rotate?: number; every?: boolean } = {},
): object {
  return {
    ...axisLook(dimension, look.label),
    type: 'category',
    data: [...categories],
    axisTick: { show: look.ticks ?? false, alignWithLabel: true, lineStyle: { color: colours.axis } },
    axisLabel: {
      ...text,
      rotate: look.rotate ?? 0,
      ...((look.every ?? true) ? { interval: 0 } : { hideOverlap: true }),
    },
    splitLine: { show: false },
  }
}

/** Rows that a legend of these names takes. */
function legendRows(names: readonly string[], width: number): number {
  let [rows, used] = [1, 0]
  for (const name of names) {
    const needed = textWidth(name, fontSize) + 25 + 5 + 14
    if (used > 0 && used + needed > width - 40) {
      rows++
      used = 0
    }
    used += needed
  }
  return rows
}

export interface Frame {
  /** Options of the chart without axes and series. */
  readonly option: ChartOption
  /** What lies above the area of the axes, in pixels. */
  readonly top: number
}

/** Background, title, the legend (by default where there is more than one name), and the area of the axes. */
export function frame(
  {
    title,
    names = [],
    legend = names.length > 1,
    right = 24,
  }: { title?: string | undefined; names?: readonly string[]; legend?: boolean; right?: number },
  width: number,
): Frame {
  const titleHeight = title === undefined ? 0 : titleSize + 16
  const legendHeight = legend ? legendRows(names, width) * (fontSize + 10) + 6 : 0
  const top = titleHeight + legendHeight + 16
  const option: ChartOption = {
    animation: false,
    backgroundColor: colours.background,
    textStyle: { fontFamily },
    grid: {
      left: 16,
      right,
      top,
      bottom: 16,
      outerBoundsMode: 'same',
      outerBoundsContain: 'all',
    },
    ...(title === undefined
      ? {}
      : {
          title: {
            text: title,
            left: 'center',
            top: 10,
            padding: 0,
            textStyle: { fontFamily, fontSize: titleSize, fontWeight: 'bold', color: colours.title },
          },
        }),
    ...(legend
      ? {
          legend: {
            data: [...names],
            left: 'center',
            top: titleHeight + 8,
            width: width - 40,
            padding: 0,
            itemGap: 14,
            textStyle: text,
          },
        }
      : {}),
  }
  return { option, top }
}
