import { InputError } from './errors.ts'
import type { Label } from './input.ts'
import { checkNumber, checkWord } from './option-checks.ts'

/** How much each class weighs: 'balanced', numbers by class, or null for all alike. */
export type ClassWeight = 'balanced' | Readonly<Record<string, number>> | null

/** Throws an InputError where it is none. */
export function checkClassWeight(what: string, weights: unknown): void {
  if (weights === null) return
  if (typeof weights === 'string') return checkWord(what, 'classWeight', weights, ['balanced'])
  if (typeof weights !== 'object')
    throw new InputError(
      `${what}: classWeight is ${String(weights)}; it must be 'balanced' or numbers by class`,
    )
  for (const [name, weight] of Object.entries(weights as object)) {
    checkNumber(what, `classWeight of '${name}'`, weight, { atLeast: 0 })
  }
}

/**
 * The weight of each class: 'balanced' is samples / (classes * samples of the class). Throws an InputError for a class that
 * there is not.
 */
export function classWeights(
  what: string,
  weights: ClassWeight,
  classes: readonly Label[],
  codes: Int32Array,
): Float64Array {
  const result = new Float64Array(classes.length).fill(1)
  if (weights === null) return result
  if (weights === 'balanced') {
    const counts = new Float64Array(classes.length)
    for (const code of codes) counts[code]!++
    return counts.map((count) => codes.length / (classes.length * count))
  }
  const positions = new Map(classes.map((label, c) => [String(label), c]))
  for (const [name, weight] of Object.entries(weights)) {
    const c = positions.get(name)
    if (c === undefined) {
      throw new InputError(
        `${what}: classWeight names the class '${name}', which no sample has; classes are ${classes.join(', ')}`,
      )
    }
    result[c] = weight
  }
  return result
}
