/** An object of a JSON text, whose fields are not checked yet. */
export type Fields = { readonly [key: string]: unknown }

/** What cannot be translated, in words that follow a layer's name. */
export class LayerError extends Error {}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field that is an object; an empty one where there is none. */
export function fieldsOf(fields: Fields, key: string): Fields {
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined
  return isFields(value) ? value : {}
}

/** The first of the fields that is there and not null: versions of Keras name them differently. */
export function field(fields: Fields, ...keys: readonly string[]): unknown {
  const key = keys.find((name) => Object.hasOwn(fields, name) && fields[name] !== null)
  return key === undefined ? undefined : fields[key]
}

export function numberOf(fields: Fields, keys: readonly string[], otherwise: number): number {
  const value = field(fields, ...keys)
  if (value === undefined) return otherwise
  if (typeof value === 'number') return value
  // Keras 3 writes numpy scalars as objects.
  if (isFields(value) && typeof value.value === 'number') return value.value
  throw new LayerError(`has ${keys[0]} ${JSON.stringify(value)}, which is no number`)
}

export function booleanOf(fields: Fields, keys: readonly string[], otherwise: boolean): boolean {
  const value = field(fields, ...keys)
  if (value === undefined) return otherwise
  if (typeof value === 'boolean') return value
  throw new LayerError(`has ${keys[0]} ${JSON.stringify(value)}, which is neither true nor false`)
}

export function textOf(fields: Fields, keys: readonly string[], otherwise: string): string {
  const value = field(fields, ...keys)
  if (value === undefined) return otherwise
  if (typeof value === 'string') return value
  throw new LayerError(`has ${keys[0]} ${JSON.stringify(value)}, which is no text`)
}

/** Integers, one for each of `count`; a single number stands for all. */
export function integersOf(
  fields: Fields,
  keys: readonly string[],
  count: number,
  otherwise: readonly number[],
): readonly number[] {
  const value = field(fields, ...keys)
  if (value === undefined) return otherwise
  const list = Array.isArray(value) ? value : Array.from({ length: count }, () => value)
  if (list.length !== count || !list.every((item) => Number.isInteger(item) && Math.abs(item) < 2 ** 31)) {
    throw new LayerError(`has ${keys[0]} ${JSON.stringify(value)} instead of ${count} integers`)
  }
  return list
}

/** Numbers of a list, of lists in lists too; a single number is a list of one. */
export function numbersOf(value: unknown, what: string): readonly number[] {
  const list = Array.isArray(value) ? value.flat(8) : [value]
  if (list.every((item) => typeof item === 'number')) return list
  throw new LayerError(`has ${what} that are no numbers`)
}
