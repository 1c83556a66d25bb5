import { parseColour, tint } from './colour-scale.ts'
import { coordinate, svgText } from './svg.ts'
import { linesWidth } from './text.ts'
import { colours, fontSize, seriesColour } from './theme.ts'

const lineHeight = fontSize + 4
const detailSize = fontSize - 1

/** A box with lines of text: those of the label, and smaller those of the detail. */
export interface Box {
  readonly label: readonly string[]
  readonly detail: readonly string[]
  readonly width: number
  readonly height: number
}

export function makeBox(label: string, detail: string | undefined): Box {
  const lines = label.split('\n')
  const details = detail === undefined ? [] : detail.split('\n')
  return {
    label: lines,
    detail: details,
    width: Math.max(linesWidth(lines, fontSize), linesWidth(details, detailSize), 24) + 16,
    height: (lines.length + details.length) * lineHeight + 10,
  }
}

/** A colour of the palette by its number, or one as #rrggbb. */
export function boxColour(what: string, colour: number | string): string {
  if (typeof colour === 'string') {
    parseColour(what, colour)
    return colour
  }
  if (!Number.isInteger(colour) || colour < 0) {
    throw new RangeError(`${what}: colour must be '#rrggbb' or a whole number from 0, got ${colour}`)
  }
  return seriesColour(colour)
}

/** The box around its middle. */
export function drawBox(box: Box, x: number, y: number, colour: string | undefined): string[] {
  const { width, height, label, detail } = box
  const fill = colour === undefined ? colours.box : tint(colour, 0.22)
  const first = y - height / 2 + 5 + lineHeight / 2
  const at = `x="${coordinate(x - width / 2)}" y="${coordinate(y - height / 2)}"`
  return [
    `<rect ${at} width="${coordinate(width)}" height="${coordinate(height)}" rx="4" fill="${fill}" stroke="${colour ?? colours.axis}"/>`,
    ...label.map((line, i) => svgText(line, x, first + i * lineHeight, { colour: colours.title })),
    ...detail.map((line, i) =>
      svgText(line, x, first + (label.length + i) * lineHeight, { size: detailSize }),
    ),
  ]
}

/** What a label of an edge takes. */
export function edgeLabelSize(label: string): { width: number; height: number } {
  const lines = label.split('\n')
  return { width: linesWidth(lines, detailSize) + 8, height: lines.length * (detailSize + 3) + 2 }
}

/** A text on an edge, on white so that the line does not cross it. */
export function drawEdgeLabel(label: string, x: number, y: number): string[] {
  const { width, height } = edgeLabelSize(label)
  const lines = label.split('\n')
  const at = `x="${coordinate(x - width / 2)}" y="${coordinate(y - height / 2)}"`
  const first = y - ((lines.length - 1) * (detailSize + 3)) / 2
  return [
    `<rect ${at} width="${coordinate(width)}" height="${coordinate(height)}" fill="${colours.background}"/>`,
    ...lines.map((line, i) => svgText(line, x, first + i * (detailSize + 3), { size: detailSize })),
  ]
}
