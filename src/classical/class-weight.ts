import type { ClassTarget } from './classifier.ts'
import { checkChoice, checkNumber, InputError } from './errors.ts'
import { listed } from './table.ts'

/** Factors of the classes' samples by the class's label, 'balanced' for samples / (classes * samples of the class), or null for 1. */
export type ClassWeight = 'balanced' | Readonly<Record<string, number>> | null

/** Throws an InputError where it is none. */
export function checkClassWeight(what: string, classWeight: ClassWeight): void {
  if (typeof classWeight === 'string') {
    checkChoice(what, 'classWeight', classWeight, ['balanced'])
    return
  }
  for (const [name, weight] of Object.entries(classWeight ?? {})) {
    checkNumber(what, `classWeight of '${name}'`, weight, { from: 0 })
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
