import { InputError } from './errors.ts'
import { listed } from './tables/table.ts'

export interface NumberRange {
  readonly atLeast?: number
  readonly above?: number
  readonly atMost?: number
  readonly below?: number
  readonly integer?: boolean
}

/** Throws an InputError unless an option is a finite number in the range. */
export function checkNumber(
  what: string,
  name: string,
  value: unknown,
  { atLeast, above, atMost, below, integer = false }: NumberRange = {},
): void {
  const fits =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (!integer || Number.isInteger(value)) &&
    !(atLeast !== undefined && value < atLeast) &&
    !(above !== undefined && value <= above) &&
    !(atMost !== undefined && value > atMost) &&
    !(below !== undefined && value >= below)
  if (fits) return
  const bounds = [
    atLeast !== undefined && `at least ${atLeast}`,
    above !== undefined && `above ${above}`,
    atMost !== undefined && `at most ${atMost}`,
    below !== undefined && `below ${below}`,
  ].filter((bound) => bound !== false)
  const wanted = `${integer ? 'an integer' : 'a number'}${bounds.length > 0 ? ` ${bounds.join(' and ')}` : ''}`
  throw new InputError(`${what}: ${name} is ${shown(value)}; it must be ${wanted}`)
}

/** Throws an InputError unless an option is one of these words. */
export function checkWord(what: string, name: string, value: unknown, words: readonly string[]): void {
  if (typeof value === 'string' && words.includes(value)) return
  throw new InputError(
    `${what}: ${name} is ${shown(value)}; it must be one of ${listed(
      words.map((word) => `'${word}'`),
      20,
    )}`,
  )
}

/** Throws an InputError unless an option is true or false. */
export function checkFlag(what: string, name: string, value: unknown): void {
  if (typeof value === 'boolean') return
  throw new InputError(`${what}: ${name} is ${shown(value)}; it must be true or false`)
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 60)}'` : String(value).slice(0, 60)
}
