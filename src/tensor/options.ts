/** What an option takes: anything, true or false, a number, an integer >= 1, a number in 0..1, a function, or one of a list. */
export type OptionKind =
  | 'any'
  | 'flag'
  | 'number'
  | 'count'
  | 'probability'
  | 'function'
  | readonly (string | boolean | null)[]

/** Every option of an interface, and what it takes: one that is missing here does not compile. */
export type OptionKinds<O extends object> = { readonly [K in keyof O]-?: OptionKind }

/**
 * Throws a TypeError for an option that there is not, and for a value that an option does not take. Options that are
 * undefined count as not given.
 */
export function checkOptions(what: string, given: object, kinds: Readonly<Record<string, OptionKind>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(kinds, name)) throw unknownOption(what, name, value, Object.keys(kinds))
    if (value !== undefined) checkOption(what, name, value, kinds[name]!)
  }
}

/** Throws a TypeError unless the value is of the kind. */
export function checkOption(what: string, name: string, value: unknown, kind: OptionKind): void {
  if (takes(kind, value)) return
  const near = typeof value === 'string' && typeof kind === 'object' ? nearest(value, kind.map(String)) : []
  throw new TypeError(
    `${what}: ${name} must be ${describeKind(kind)}, got ${describeValue(value)}${didYouMean(near)}`,
  )
}

export function unknownOption(
  what: string,
  name: string,
  value: unknown,
  known: readonly string[],
): TypeError {
  const near = nearest(name, known)
  const hint = near.length > 0 ? `${didYouMean(near)} It has` : '; it has'
  return new TypeError(
    `${what}: there is no option '${name}' (given as ${describeValue(value)})${hint} ${known.join(', ') || 'none'}`,
  )
}

function takes(kind: OptionKind, value: unknown): boolean {
  switch (kind) {
    case 'any':
      return true
    case 'flag':
      return typeof value === 'boolean'
    case 'number':
      return typeof value === 'number' && !Number.isNaN(value)
    case 'count':
      return Number.isInteger(value) && (value as number) >= 1
    case 'probability':
      return typeof value === 'number' && value >= 0 && value <= 1
    case 'function':
      return typeof value === 'function'
    default:
      return kind.includes(value as string)
  }
}

const kindNames = {
  any: 'anything',
  flag: 'true or false',
  number: 'a number',
  count: 'an integer >= 1',
  probability: 'a number from 0 to 1',
  function: 'a function',
} as const

function describeKind(kind: OptionKind): string {
  if (typeof kind === 'string') return kindNames[kind]
  const words = kind.map(describeValue)
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

const longestValue = 60

function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return `[${value.map(describeValue).join(', ')}]`.slice(0, longestValue)
  return String(value).slice(0, longestValue)
}

function didYouMean(near: readonly string[]): string {
  return near.length > 0 ? `; did you mean ${near.join(', ')}?` : ''
}

/** Up to three of the candidates at a small edit distance from the name. */
export function nearest(name: string, candidates: readonly string[]): string[] {
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance, candidate }) => distance <= Math.max(2, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
