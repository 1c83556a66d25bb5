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
