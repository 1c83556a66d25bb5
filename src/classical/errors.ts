/** Input that a method cannot work with: says what, where and what to do. */
export class InputError extends RangeError {
  override readonly name = 'InputError'
}

/** A method was asked before it has learned, and says what to call first. */
export class NotFittedError extends Error {
  override readonly name = 'NotFittedError'

  constructor(what: string) {
    super(`${what} has not been fitted: call fit(x, y) first, or load one that was saved`)
  }
}

/** JSON that does not hold a saved method. */
export class StateError extends Error {
  override readonly name = 'StateError'
}

/** Throws an InputError where an option is not a number in its range. */
export function checkNumber(
  what: string,
  option: string,
  value: unknown,
  { from, above, to, integer = false }: NumberRange,
): void {
  const low =
    from !== undefined ? (value as number) >= from : above === undefined || (value as number) > above
  const good =
    typeof value === 'number' &&
    low &&
    (to === undefined ? value < Number.POSITIVE_INFINITY : value <= to) &&
    (!integer || Number.isInteger(value))
  if (good) return
  const bounds = [
    from !== undefined && `from ${from}`,
    above !== undefined && `above ${above}`,
    to !== undefined && `up to ${to}`,
  ].filter((bound) => bound !== false)
  throw new InputError(
    `${what}: ${option} is ${String(value)}; it must be ${integer ? 'an integer' : 'a number'} ${bounds.join(' ')}`.trimEnd(),
  )
}

/** Which numbers an option takes: finite ones unless `to` says otherwise. */
interface NumberRange {
  readonly from?: number
  readonly above?: number
  readonly to?: number
  readonly integer?: boolean
}

/** Throws an InputError where an option is none of its values. */
export function checkChoice(what: string, option: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return
  throw new InputError(`${what}: ${option} is '${String(value)}'; it must be one of ${choices.join(', ')}`)
}
