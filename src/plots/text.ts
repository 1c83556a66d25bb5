/** Advance widths of Helvetica's characters 32 to 126, in thousandths of the size (Adobe's font metrics). */
const widths: readonly number[] = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
  556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
  500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
  556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
  278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]

/** How much wider than Helvetica the fonts are that stand in for it where it is missing (DejaVu Sans on Linux). */
const allowance = 1.15

/** What a line of text takes at most, in pixels: measured without a font, so that it is the same everywhere. */
export function textWidth(text: string, size: number, weight: 'normal' | 'bold' = 'normal'): number {
  let thousandths = 0
  for (const character of text) {
    const code = character.codePointAt(0)!
    thousandths += widths[code - 32] ?? (code < 0x2e80 ? 600 : 1000)
  }
  return (thousandths * size * allowance * (weight === 'bold' ? 1.12 : 1)) / 1000
}

/** The widest of several lines. */
export function linesWidth(lines: readonly string[], size: number): number {
  return lines.reduce((widest, line) => Math.max(widest, textWidth(line, size)), 0)
}

/** A number as axes and cells show it: at most `digits` significant ones, powers of ten where it is far from 1. */
export function formatNumber(value: number, digits = 6): string {
  if (value === 0) return '0'
  const rounded = Number(value.toPrecision(digits))
  const magnitude = Math.abs(rounded)
  if (magnitude >= 1e-4 && magnitude < 1e6) return String(rounded)
  return rounded.toExponential().replace('e+', 'e')
}
