/** A value of a field: a message, or what its text or its bytes say. Words are enum values, true and false. */
export type Value = Message | number | string | Word

export class Word {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

/** How many more values a file may have: each takes far more memory than its bytes. */
export interface Budget {
  left: number
}

/** Some ten times what the largest network has. */
export const newBudget = (): Budget => ({ left: 2 ** 18 })

/** A message of Caffe's schema, whether it was stored as text or as bytes: lists of values by the names of the fields. */
export class Message {
  readonly #fields = new Map<string, Value[]>()
  readonly #fail: (what: string) => never
  readonly #budget: Budget

  constructor(fail: (what: string) => never, budget: Budget) {
    this.#fail = fail
    this.#budget = budget
  }

  add(name: string, value: Value): void {
    if (this.#budget.left-- <= 0) this.#fail('the file has more values than any network')
    const values = this.#fields.get(name)
    if (values === undefined) this.#fields.set(name, [value])
    else values.push(value)
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  numbers(name: string): readonly number[] {
    return this.#all(name).map((value) =>
      typeof value === 'number' ? value : this.#fail(`${name} is no number`),
    )
  }

  /** Integers that sizes and positions are made of; beyond 2 ** 31 there are none. */
  ints(name: string): readonly number[] {
    return this.numbers(name).map((value) =>
      Number.isInteger(value) && Math.abs(value) < 2 ** 31
        ? value
        : this.#fail(`${name} is ${value}, no integer of 32 bits`),
    )
  }

  /** The last value, as a field that is not repeated has it. */
  number(name: string, otherwise: number): number {
    return this.numbers(name).at(-1) ?? otherwise
  }

  int(name: string, otherwise: number): number {
    return this.ints(name).at(-1) ?? otherwise
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#all(name).at(-1)
    if (value === undefined) return otherwise
    if (typeof value === 'number') return value !== 0
    const text = value instanceof Word ? value.text.toLowerCase() : ''
    if (text === 'true' || text === 't') return true
    return text === 'false' || text === 'f' ? false : this.#fail(`${name} is neither true nor false`)
  }

  /** A value of an enum, which bytes store as its number and text as its name. */
  choice<T extends string>(name: string, values: Readonly<Record<number, T>>, otherwise: T): T {
    const value = this.#all(name).at(-1)
    if (value === undefined) return otherwise
    const text = value instanceof Word || typeof value === 'string' ? wordOf(value) : ''
    const found =
      typeof value === 'number' ? values[value] : Object.values(values).find((word) => word === text)
    return found ?? this.#fail(`${name} is ${text || String(value)}, which is not supported`)
  }

  texts(name: string): readonly string[] {
    return this.#all(name).map((value) =>
      typeof value === 'string' ? value : this.#fail(`${name} is no text`),
    )
  }

  text(name: string, otherwise = ''): string {
    return this.texts(name).at(-1) ?? otherwise
  }

  messages(name: string): readonly Message[] {
    return this.#all(name).map((value) =>
      value instanceof Message ? value : this.#fail(`${name} is no message`),
    )
  }

  /** A message that is not repeated; an empty one where it is missing. */
  message(name: string): Message {
    return this.messages(name).at(-1) ?? this.empty()
  }

  /** The last value as it is; a word as its text. */
  raw(name: string): string | number | Message | Word | undefined {
    return this.#all(name).at(-1)
  }

  /** A message without fields whose messages of errors are the same. */
  empty(): Message {
    return new Message(this.#fail, this.#budget)
  }

  #all(name: string): readonly Value[] {
    return this.#fields.get(name) ?? []
  }
}

const wordOf = (value: Word | string): string => (typeof value === 'string' ? value : value.text)
