/** One colour a series, in this order: told apart by the colour-blind too (Okabe and Ito 2008, and three more). */
export const palette: readonly string[] = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#332288',
  '#8c564b',
  '#6b7280',
  '#b59f00',
]

export const fontFamily = 'Helvetica, Arial, sans-serif'
export const fontSize = 12
export const titleSize = 16

export const colours = {
  background: '#ffffff',
  title: '#111827',
  text: '#374151',
  axis: '#9ca3af',
  grid: '#e5e7eb',
  box: '#f3f4f6',
} as const

/** From few to many; from below zero to above it; from black to white. */
export type ColourScale = 'sequential' | 'diverging' | 'grey'

/** ColorBrewer's GnBu and RdBu (reversed); grey as a picture has it. */
export const colourStops: Readonly<Record<ColourScale, readonly string[]>> = {
  sequential: [
    '#f7fcf0',
    '#e0f3db',
    '#ccebc5',
    '#a8ddb5',
    '#7bccc4',
    '#4eb3d3',
    '#2b8cbe',
    '#0868ac',
    '#084081',
  ],
  diverging: [
    '#2166ac',
    '#4393c3',
    '#92c5de',
    '#d1e5f0',
    '#f7f7f7',
    '#fddbc7',
    '#f4a582',
    '#d6604d',
    '#b2182b',
  ],
  grey: ['#000000', '#ffffff'],
}

export function seriesColour(index: number): string {
  return palette[index % palette.length]!
}
