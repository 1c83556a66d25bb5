import { CheckpointError } from '../errors.ts'
import { type DarknetActivation, type DarknetEntries, darknetActivations } from './config.ts'

/** The largest numbers that a configuration may give: above those of any network, and too small to do harm. */
export const darknetLimits: Readonly<Record<'channels' | 'side' | 'window' | 'sections', number>> = {
  channels: 2 ** 20,
  side: 2 ** 16,
  window: 1024,
  sections: 20_000,
}

/** The entries of one section of a file, which are to be asked for by name. */
export class Entries {
  readonly type: string
  readonly line: number
  readonly #file: string
  readonly #values = new Map<string, string>()
  readonly #asked = new Set<string>()

  constructor(file: string, type: string, line: number) {
    this.#file = file
    this.type = type
    this.line = line
  }

  error(problem: string): CheckpointError {
    return new CheckpointError(this.#file, `[${this.type}] of line ${this.line}: ${problem}`)
  }

  set(key: string, value: string): void {
    this.#values.set(key, value)
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  text(key: string): string | undefined {
    this.#asked.add(key)
    return this.#values.get(key)
  }

  number(key: string, standard?: number): number {
    const text = this.text(key)
    const value = text === undefined ? standard : Number(text)
    if (value === undefined) throw this.error(`needs ${key}`)
    if (text === '' || !Number.isFinite(value)) throw this.error(`${key} must be a number, got '${text}'`)
    return value
  }

  /** A whole number within limits. */
  count(key: string, standard: number | undefined, least: number, most: number): number {
    const value = this.number(key, standard)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw this.error(`${key} must be a whole number from ${least} to ${most}, got ${value}`)
  }

  flag(key: string): boolean {
    return this.number(key, 0) !== 0
  }

  numbers(key: string): number[] {
    const text = this.text(key)
    if (text === undefined) throw this.error(`needs ${key}`)
    // A comma may end the list.
    return text
      .replace(/,$/, '')
      .split(',')
      .map((part) => {
        const value = Number(part)
        if (part.trim() === '' || !Number.isFinite(value)) {
          throw this.error(`${key} must be numbers between commas, got '${text.slice(0, 80)}'`)
        }
        return value
      })
  }

  /** Places of other layers. */
  places(key: string): number[] {
    const places = this.numbers(key)
    if (places.every(Number.isInteger)) return places
    throw this.error(`${key} must be whole numbers, got '${this.text(key)}'`)
  }

  choice<const T extends string>(key: string, choices: readonly T[]): T | undefined {
    const text = this.text(key)
    if (text === undefined || choices.includes(text as T)) return text as T | undefined
    throw this.error(`${key} is one of ${choices.join(', ')}, got '${text}'`)
  }

  activation(standard: DarknetActivation): DarknetActivation {
    const text = this.text('activation') ?? standard
    if (!(darknetActivations as readonly string[]).includes(text)) {
      throw this.error(`there is no activation '${text}'; there are ${darknetActivations.join(', ')}`)
    }
    return text as DarknetActivation
  }

  /** Throws where one of the entries is set: it would make the layer another one. */
  refuse(...keys: string[]): void {
    for (const key of keys) {
      if (this.flag(key))
        throw this.error(`${key}=${this.text(key)} is not supported: such a layer computes something else`)
    }
  }

  /** What nobody asked for; undefined where there is nothing. */
  rest(): DarknetEntries | undefined {
    const left = [...this.#values].filter(([key]) => !this.#asked.has(key))
    return left.length > 0 ? Object.fromEntries(left) : undefined
  }
}

/** The same object type, with what may be undefined as what may be absent. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** An object without the entries that are undefined. */
export function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>
}
