import { contours } from 'd3-contour'
import { checkNumbers } from './check.ts'
import { formatNumber } from './text.ts'

/** Numbers on a grid: `values[j][i]` stands at (`x[i]`, `y[j]`). */
export interface GridValues {
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly values: readonly ArrayLike<number>[]
}

/** Where values reach a level: closed rings in the coordinates of the axes, holes among them. */
export type Shape = readonly (readonly (readonly [number, number])[])[]

/** From an index of the grid, between two of its places too, to the coordinate. */
function along(places: ArrayLike<number>, index: number): number {
  const at = Math.min(Math.max(index, 0), places.length - 1)
  const below = Math.min(Math.floor(at), places.length - 2)
  return places[below]! + (places[below + 1]! - places[below]!) * (at - below)
}

/** The areas where the function of the values is at least `level`, by marching squares. */
export function areaAbove(grid: GridValues, level: number, of: (value: number) => number): Shape {
  const flat = grid.values.flatMap((row) => Array.from(row, of))
  const { coordinates } = contours().size([grid.x.length, grid.y.length]).contour(flat, level)
  // Values stand in the middle of d3's cells; what it closes around the edge falls onto it.
  return coordinates
    .flat()
    .map((ring) => ring.map(([u, v]) => [along(grid.x, u! - 0.5), along(grid.y, v! - 0.5)] as const))
}

/** Steps of 1, 2 or 5 times a power of ten, about as many as asked for, strictly between two numbers. */
function roundSteps(min: number, max: number, count: number): number[] {
  const rough = (max - min) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const distance = (step: number): number => Math.abs(Math.log(step / rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).sort((a, b) => distance(a) - distance(b))[0]!
  const first = Math.floor(min / step) + 1
  const levels: number[] = []
  for (let i = first; i * step < max; i++) levels.push(Number((i * step).toPrecision(12)))
  return levels
}

/** The levels between bands: as given, else about as many as asked for, round ones; equal ratios where `log`. */
export function levelsBetween(
  { min, max }: { readonly min: number; readonly max: number },
  asked: number | readonly number[],
  log: boolean,
): number[] {
  if (typeof asked === 'object') {
    checkNumbers('contourPlot: levels', asked, log ? 'log' : 'linear')
    const falling = asked.findIndex((level, i) => i > 0 && level <= asked[i - 1]!)
    if (falling > 0) {
      throw new RangeError(
        `contourPlot: levels[${falling}] (${formatNumber(asked[falling]!)}) is not above the level before it`,
      )
    }
    return [...asked]
  }
  if (!(Number.isInteger(asked) && asked >= 1 && asked <= 100)) {
    throw new RangeError(
      `contourPlot: levels must be a whole number from 1 to 100, or the levels, got ${asked}`,
    )
  }
  if (min === max) return []
  if (!log) return roundSteps(min, max, asked + 1)
  const ratio = (max / min) ** (1 / (asked + 1))
  return Array.from({ length: asked }, (_, i) => min * ratio ** (i + 1))
}
