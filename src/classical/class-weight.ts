import type { ClassTarget } from './classifier.ts'
import { InputError } from './errors.ts'
import { checkNumber, checkWord } from './option-checks.ts'
import { listed } from './tables/table.ts'

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

/** The factor of each class. Throws an InputError for a class that there is not. */
export function classFactors(
  what: string,
  classWeight: ClassWeight,
  { classes, codes }: Pick<ClassTarget, 'classes' | 'codes'>,
): Float64Array {
  const factors = new Float64Array(classes.length).fill(1)
  if (classWeight === 'balanced') {
    factors.fill(0)
    for (const code of codes) factors[code]! += 1
    return factors.map((count) => codes.length / (classes.length * count))
  }
  for (const [name, factor] of Object.entries(classWeight ?? {})) {
    const c = classes.findIndex((each) => String(each) === name)
    if (c < 0) {
      throw new InputError(
        `${what}: classWeight names '${name}', which is no class; there are ${listed(classes.map(String))}`,
      )
    }
    factors[c] = factor
  }
  return factors
}

/** The samples' weights times those of their classes. */
export function weightByClass(what: string, classWeight: ClassWeight, target: ClassTarget): Float64Array {
  const factors = classFactors(what, classWeight, target)
  return Float64Array.from(target.codes, (code, i) => factors[code]! * (target.weights?.[i] ?? 1))
}
