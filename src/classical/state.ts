import { StateError } from './errors.ts'
import { Matrix } from './tables/matrix.ts'

/** What JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

/** More numbers than these are written as base64: exact, and a third of the size. */
const mostListed = 256

/** Numbers as JSON, exact to the bit. */
export function numbersToJson(values: ArrayLike<number>): Json {
  const all = Float64Array.from(values)
  if (all.length <= mostListed && all.every((value) => Number.isFinite(value) && !Object.is(value, -0))) {
    return Array.from(all)
  }
  const bytes = new Uint8Array(all.buffer)
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return { float64: btoa(text) }
}

export function matrixToJson({ rows, columns, data }: Matrix): Json {
  return { rows, columns, data: numbersToJson(data) }
}

/** Reads what a saved method holds, checking every kind and length: a StateError names what does not fit. */
export class StateReader {
  readonly #values: { readonly [key: string]: unknown }
  readonly #where: string

  constructor(json: unknown, where: string) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new StateError(`${where} is ${kindOf(json)} where an object is needed: not a saved method`)
    }
    this.#values = json as { [key: string]: unknown }
    this.#where = where
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key) && this.#values[key] !== null
  }

  raw(key: string): unknown {
    if (!Object.hasOwn(this.#values, key)) throw new StateError(`${this.#where} lacks '${key}'`)
    return this.#values[key]
  }

  object(key: string): StateReader {
    return new StateReader(this.raw(key), `${this.#where}.${key}`)
  }

  /** A list of objects; `length` of them where that is known. */
  objects(key: string, length?: number): StateReader[] {
    const values = this.list(key)
    if (length !== undefined && values.length !== length) {
      throw new StateError(`${this.#where}.${key} holds ${values.length} objects; ${length} are needed`)
    }
    return values.map((each, i) => new StateReader(each, `${this.#where}.${key}[${i}]`))
  }

  list(key: string): readonly unknown[] {
    const value = this.raw(key)
    if (!Array.isArray(value)) throw this.#wrong(key, value, 'a list')
    return value
  }

  text(key: string): string {
    const value = this.raw(key)
    if (typeof value !== 'string') throw this.#wrong(key, value, 'a text')
    return value
  }

  texts(key: string): string[] {
    const values = this.list(key)
    for (const value of values) if (typeof value !== 'string') throw this.#wrong(key, value, 'a text')
    return values as string[]
  }

  number(key: string): number {
    const value = this.raw(key)
    if (typeof value !== 'number') throw this.#wrong(key, value, 'a number')
    return value
  }

  /** An integer from `minimum` to `maximum`. */
  integer(key: string, minimum = 0, maximum: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.number(key)
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      throw this.#wrong(key, value, `an integer from ${minimum} to ${maximum}`)
    }
    return value
  }

  flag(key: string): boolean {
    const value = this.raw(key)
    if (typeof value !== 'boolean') throw this.#wrong(key, value, 'true or false')
    return value
  }

  /** What numbersToJson wrote; `length` numbers where that is known. */
  numbers(key: string, length?: number): Float64Array {
    const values = this.#numbersOf(key, this.raw(key))
    if (length !== undefined && values.length !== length) {
      throw new StateError(`${this.#where}.${key} holds ${values.length} numbers; ${length} are needed`)
    }
    return values
  }

  /** As `numbers`, none of them infinite or missing. */
  finiteNumbers(key: string, length?: number): Float64Array {
    const values = this.numbers(key, length)
    this.#checkFinite(key, values)
    return values
  }

  /** Positions in a list of `bound` entries, or -1 where `missing` says so. */
  indices(
    key: string,
    bound: number,
    { length, missing = false }: { length?: number; missing?: boolean } = {},
  ): Int32Array {
    const values = this.numbers(key, length)
    for (const value of values) {
      if (!Number.isInteger(value) || value >= bound || value < (missing ? -1 : 0)) {
        throw this.#wrong(key, value, `a position below ${bound}`)
      }
    }
    return Int32Array.from(values)
  }

  /** What matrixToJson wrote. */
  matrix(key: string, rows?: number, columns?: number): Matrix {
    return this.object(key).#asMatrix(rows, columns)
  }

  /** A list of what matrixToJson wrote. */
  matrices(key: string, rows?: number, columns?: number): Matrix[] {
    return this.objects(key).map((each) => each.#asMatrix(rows, columns))
  }

  #asMatrix(rows?: number, columns?: number): Matrix {
    const size = [this.integer('rows'), this.integer('columns')] as const
    if ((rows ?? size[0]) !== size[0] || (columns ?? size[1]) !== size[1]) {
      throw new StateError(
        `${this.#where} is a matrix of ${size.join(' x ')}; ${rows ?? size[0]} x ${columns ?? size[1]} is needed`,
      )
    }
    return new Matrix(...size, this.numbers('data', size[0] * size[1]))
  }

  /** As `matrix`, without infinite or missing numbers. */
  finiteMatrix(key: string, rows?: number, columns?: number): Matrix {
    const matrix = this.matrix(key, rows, columns)
    this.#checkFinite(key, matrix.data)
    return matrix
  }

  #checkFinite(key: string, values: Float64Array): void {
    const bad = values.find((value) => !Number.isFinite(value))
    if (bad !== undefined) throw this.#wrong(key, bad, 'a finite number')
  }

  #numbersOf(key: string, value: unknown): Float64Array {
    if (Array.isArray(value)) {
      for (const each of value) if (typeof each !== 'number') throw this.#wrong(key, each, 'a number')
      return Float64Array.from(value as number[])
    }
    const text = new StateReader(value, `${this.#where}.${key}`).text('float64')
    let binary: string
    try {
      binary = atob(text)
    } catch {
      throw this.#wrong(key, text, 'base64')
    }
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0))
    if (bytes.length % 8 !== 0) throw this.#wrong(key, text, 'whole float64 numbers in base64')
    return new Float64Array(bytes.buffer)
  }

  #wrong(key: string, value: unknown, wanted: string): StateError {
    return new StateError(`${this.#where}.${key} is ${kindOf(value)} where ${wanted} is needed`)
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : String(value)
}
