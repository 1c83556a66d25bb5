import { colours, fontFamily, fontSize } from './theme.ts'

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A number as SVG has it, to a hundredth of a pixel. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100)
}

interface TextLook {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly size?: number
  readonly bold?: boolean
  readonly colour?: string
}

/** One line, centred vertically on `y`. */
export function svgText(text: string, x: number, y: number, look: TextLook = {}): string {
  const { anchor = 'middle', size = fontSize, bold = false, colour = colours.text } = look
  const weight = bold ? ' font-weight="bold"' : ''
  return (
    `<text x="${coordinate(x)}" y="${coordinate(y)}" dominant-baseline="central" text-anchor="${anchor}"` +
    ` font-size="${size}"${weight} fill="${colour}">${escapeXml(text)}</text>`
  )
}

/** A document on a white ground. */
export function svgDocument(width: number, height: number, content: readonly string[]): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)]
  return [
    `<svg width="${w}" height="${h}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="${fontFamily}">`,
    `<rect width="${w}" height="${h}" fill="${colours.background}"/>`,
    ...content,
    '</svg>',
  ].join('\n')
}
