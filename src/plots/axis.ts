import { checkFinite } from './check.ts'
import { formatNumber } from './text.ts'

/** An axis of numbers. */
export interface Axis {
  readonly label?: string
  /** Default linear. */
  readonly scale?: 'linear' | 'log'
  /** Where the axis begins and ends: by default around the data. */
  readonly min?: number
  readonly max?: number
  /** False leaves the axis and its grid away, where places in this direction mean nothing. Default true. */
  readonly show?: boolean
}

/** Checks the limits that were asked for. */
export function checkAxis(
  what: string,
  {
    scale = 'linear',
    min,
    max,
  }: { scale?: Axis['scale']; min?: number | undefined; max?: number | undefined },
): void {
  for (const [name, value] of Object.entries({ min, max })) {
    if (value === undefined) continue
    checkFinite(`${what}.${name}`, value)
    if (scale === 'log' && value <= 0) {
      throw new RangeError(
        `${what}.${name} is ${formatNumber(value)}: a logarithmic axis takes only numbers above 0`,
      )
    }
  }
  if (min !== undefined && max !== undefined && min >= max) {
    throw new RangeError(`${what}: min (${formatNumber(min)}) must be less than max (${formatNumber(max)})`)
  }
}

/** A logarithmic axis begins and ends at 1, 2 or 5 times a power of ten: whole powers would leave much of it empty. */
export function roundLogAxis(axis: Axis, values: readonly number[]): Axis {
  if (axis.scale !== 'log') return axis
  const step = (value: number, up: boolean): number => {
    const power = Math.floor(Math.log10(value))
    const steps = [1, 2, 5, 10].map((factor) => Number(`${factor}e${power}`))
    return up ? steps.find((each) => each >= value)! : steps.findLast((each) => each <= value)!
  }
  const smallest = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
  const largest = values.reduce((most, value) => Math.max(most, value), 0)
  return { min: step(smallest, false), max: step(largest, true), ...axis }
}
