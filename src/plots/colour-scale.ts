import { type ColourScale, colourStops } from './theme.ts'

export type Rgb = readonly [red: number, green: number, blue: number]

function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/** The colour at a place of the scale from 0 to 1, each channel 0..255; what lies outside takes the colour of the end. */
export function colourAt(scale: ColourScale, place: number): Rgb {
  const stops = colourStops[scale]
  const position = Math.min(Math.max(place, 0), 1) * (stops.length - 1)
  const below = Math.min(Math.floor(position), stops.length - 2)
  const [from, to] = [parse(stops[below]!), parse(stops[below + 1]!)]
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(from[channel] + (to[channel] - from[channel]) * (position - below))
  return [mix(0), mix(1), mix(2)]
}

/** A colour that was given as text, checked. */
export function parseColour(what: string, colour: string): Rgb {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) {
    throw new RangeError(`${what}: colour must be '#rrggbb', got '${colour}'`)
  }
  return parse(colour)
}

export function hex(rgb: Rgb): string {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}

/** A colour mixed with white: `strength` 1 leaves it as it is, 0 is white. */
export function tint(colour: string, strength: number): string {
  const [red, green, blue] = parse(colour).map((channel) => Math.round(255 + (channel - 255) * strength))
  return hex([red!, green!, blue!])
}

/** Black or white, whichever reads better on the colour: by its luminance as WCAG 2 defines it. */
export function readableOn(rgb: Rgb): string {
  const linear = rgb.map((channel) => {
    const c = channel / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!
  return luminance > 0.179 ? '#000000' : '#ffffff'
}

/** The ends of a scale: as asked for, else those of the values, with zero in the middle of a diverging scale. */
export function scaleRange(
  scale: ColourScale,
  values: { readonly min: number; readonly max: number },
  asked: { readonly min?: number | undefined; readonly max?: number | undefined } = {},
): { min: number; max: number } {
  const reach = Math.max(Math.abs(values.min), Math.abs(values.max))
  const own = scale === 'diverging' ? { min: -reach, max: reach } : values
  const mirrored = scale === 'diverging' && (asked.min === undefined) !== (asked.max === undefined)
  return {
    min: asked.min ?? (mirrored ? -asked.max! : own.min),
    max: asked.max ?? (mirrored ? -asked.min! : own.max),
  }
}

/** Where a value lies between the ends, 0 to 1; the middle where both are the same. */
export function placeIn({ min, max }: { readonly min: number; readonly max: number }, value: number): number {
  return max > min ? (value - min) / (max - min) : 0.5
}
