/** What JSON can hold, with the numbers that it cannot (NaN, infinities, -0, bigint) added. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

const maxDepth = 200

/**
 * JSON from which parseExact gets the same value back: NaN, the infinities, -0 and bigint are written as
 * `{"$number": "…"}`. Throws a TypeError with the path of a value that JSON cannot hold; properties that are
 * undefined are left out.
 */
export function stringifyExact(value: Json): string {
  return JSON.stringify(encode(value, '', 0))
}

/** The value that stringifyExact wrote. Throws a SyntaxError. */
export function parseExact(text: string): Json {
  return decode(JSON.parse(text), 0)
}

function encode(value: unknown, path: string, depth: number): unknown {
  if (depth > maxDepth)
    throw new TypeError(`${path} is nested more than ${maxDepth} deep, or contains itself`)
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'bigint') return { $number: `${value}n` }
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return { $number: '-0' }
    return Number.isFinite(value) ? value : { $number: String(value) }
  }
  if (Array.isArray(value)) return value.map((item, i) => encode(item, `${path}[${i}]`, depth + 1))
  if (typeof value === 'object' && isPlain(value)) {
    const out: Record<string, unknown> = Object.create(null)
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) out[key] = encode(item, path === '' ? key : `${path}.${key}`, depth + 1)
    }
    if (Object.hasOwn(value, '$number'))
      throw new TypeError(`${path || 'the value'} has the reserved key $number`)
    return out
  }
  const kind = typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value
  throw new TypeError(
    `${path || 'the value'} is of type ${kind}, which JSON cannot hold; store numbers, text, lists and plain objects`,
  )
}

function decode(value: unknown, depth: number): Json {
  if (depth > 2 * maxDepth) throw new SyntaxError(`JSON nested more than ${2 * maxDepth} deep`)
  if (Array.isArray(value)) return value.map((item) => decode(item, depth + 1))
  if (typeof value !== 'object' || value === null) return value as Json
  if (Object.hasOwn(value, '$number')) return decodeNumber((value as { $number: unknown }).$number)
  const out: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    const field = { value: decode(item, depth + 1), enumerable: true, writable: true, configurable: true }
    Object.defineProperty(out, key, field)
  }
  return out
}

function decodeNumber(text: unknown): Json {
  if (typeof text === 'string') {
    if (/^-?\d{1,4000}n$/.test(text)) return BigInt(text.slice(0, -1))
    if (['NaN', 'Infinity', '-Infinity', '-0'].includes(text)) return Number(text)
  }
  throw new SyntaxError(`$number is ${JSON.stringify(text)}, which is no number`)
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
