import { Module } from './module.ts'

/** A list of modules with names '0', '1', … in state dicts. */
abstract class ModuleSequence extends Module {
  readonly #names: string[] = []
  readonly #modules: Module[] = []

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    for (const [i, name] of this.#names.entries()) yield [name, this.#modules[i]]
  }

  protected override replaceChild(name: string, module: Module): void {
    this.#modules[this.#position(name)] = module
  }

  protected add(name: string, module: Module): void {
    if (!(module instanceof Module)) {
      throw new TypeError(`${this.constructor.name}: '${name}' is not a Module but ${String(module)}`)
    }
    if (name === '' || name.includes('.')) {
      throw new RangeError(
        `${this.constructor.name}: a module's name must not be empty or contain dots: '${name}'`,
      )
    }
    if (this.#names.includes(name)) {
      throw new RangeError(`${this.constructor.name}: there are two modules named '${name}'`)
    }
    this.#names.push(name)
    this.#modules.push(module)
  }

  protected remove(name: string): void {
    const at = this.#names.indexOf(name)
    if (at < 0) throw this.#absent(name)
    this.#names.splice(at, 1)
    this.#modules.splice(at, 1)
  }

  get length(): number {
    return this.#modules.length
  }

  /** The names of the contained modules, in order. */
  keys(): string[] {
    return [...this.#names]
  }

  #absent(which: number | string): RangeError {
    const what = typeof which === 'number' ? `position ${which}` : `module '${which}'`
    return new RangeError(
      `${this.constructor.name}: no ${what}; it holds ${this.length} modules: ${this.#names.join(', ')}`,
    )
  }

  #position(which: number | string): number {
    const at =
      typeof which === 'string' ? this.#names.indexOf(which) : which < 0 ? which + this.length : which
    if (this.#modules[at] === undefined) throw this.#absent(which)
    return at
  }

  /** By position (negative counts from the end) or by name. */
  get(which: number | string): Module {
    return this.#modules[this.#position(which)]!
  }

  /** Replaces the module at a position or of a name. */
  set(which: number | string, module: Module): this {
    this.#modules[this.#position(which)] = module
    return this
  }

  /** Adds a module at the end, named by its position. */
  append(module: Module): this {
    this.add(String(this.length), module)
    return this
  }

  *[Symbol.iterator](): IterableIterator<Module> {
    yield* this.#modules
  }
}

/** Modules to run one after the other; given as arguments, as [name, module] pairs or as a record. */
export class Sequential extends ModuleSequence {
  constructor(
    ...modules:
      | readonly Module[]
      | readonly (readonly [name: string, module: Module])[]
      | readonly [Readonly<Record<string, Module>>]
  ) {
    super()
    const [first] = modules
    const named: readonly (readonly [string, Module])[] =
      modules.length === 1 && first !== undefined && !Array.isArray(first) && !(first instanceof Module)
        ? Object.entries(first as Record<string, Module>)
        : (modules as readonly (Module | readonly [string, Module])[]).map((entry, i) =>
            entry instanceof Module ? [String(i), entry] : entry,
          )
    for (const [name, module] of named) this.add(name, module)
  }

  // biome-ignore lint/suspicious/noExplicitAny: the first module decides what goes in, the last what comes out
  override forward(x: any): any {
    let y = x
    for (const module of this) y = module.forward(y)
    return y
  }

  /** Runs the modules from position start up to stop, excluded. */
  // biome-ignore lint/suspicious/noExplicitAny: as forward
  forwardRange(x: any, start: number, stop: number): any {
    let y = x
    for (const module of [...this].slice(start, stop)) y = module.forward(y)
    return y
  }

  /** The modules from start up to stop, excluded, in a Sequential of their own that shares them; names stay. */
  slice(start?: number, stop?: number): Sequential {
    const names = this.keys().slice(start, stop)
    return new Sequential(...names.map((name) => [name, this.get(name)] as const))
  }
}

/** Modules in an array; its owner's forward decides what to do with them. */
export class ModuleList extends ModuleSequence {
  constructor(modules: Iterable<Module> = []) {
    super()
    for (const module of modules) this.append(module)
  }
}

/** Modules by name, in the order of their addition; its owner's forward decides what to do with them. */
export class ModuleDict extends ModuleSequence {
  constructor(modules: Readonly<Record<string, Module>> | Iterable<readonly [string, Module]> = {}) {
    super()
    const entries = Symbol.iterator in modules ? modules : Object.entries(modules)
    for (const [name, module] of entries as Iterable<readonly [string, Module]>) this.add(name, module)
  }

  has(name: string): boolean {
    return this.keys().includes(name)
  }

  /** Replaces the module of a name, or adds it. */
  override set(name: string, module: Module): this {
    if (this.has(name)) return super.set(name, module)
    this.add(name, module)
    return this
  }

  delete(name: string): void {
    this.remove(name)
  }
}
