import type { Derivation } from '../compiler/derivations.ts'
import type { IndexError } from '../graph/index-error.ts'
import type { Storage } from '../graph/storage.ts'

/** What one derivation makes of certain parameters. */
interface Derived<B> {
  /** Of the parameters' storages. */
  readonly ids: readonly number[]
  readonly values: readonly B[]
  /** The versions of the parameters that the values were computed from; null while there are no values. */
  versions: readonly number[] | null
  /** Resolves when a computation of the values that is under way has ended, somehow. */
  pending: Promise<void> | null
}

type Known<B> = Map<string, WeakRef<Derived<B>>>

/**
 * What all programs derive from parameters, in buffers of type B: folded and prepacked weights. Programs that derive the same
 * from the same parameters share it. Nothing is kept alive here: that is left to the programs.
 */
export class DerivedStore<B> {
  readonly #allocate: (bytes: number) => B
  #bytes = 0
  /** By the first parameter, then by the derivation and all parameters. */
  readonly #known = new WeakMap<object, Known<B>>()
  readonly #collected = new FinalizationRegistry<() => void>((forget) => forget())

  constructor(allocate: (bytes: number) => B) {
    this.#allocate = allocate
  }

  /** Bytes of the values that are held. */
  get bytes(): number {
    return this.#bytes
  }

  /** The values of a derivation from these parameters; not computed yet where no other program has asked for them. */
  find({ key, bytes }: Derivation, parameters: readonly Storage[]): Derived<B> {
    const owner = parameters[0] ?? this
    let known = this.#known.get(owner)
    if (known === undefined) {
      known = new Map()
      this.#known.set(owner, known)
    }
    const ids = parameters.map(({ id }) => id)
    const name = `${ids}:${key}`
    return known.get(name)?.deref() ?? this.#add(known, name, ids, bytes)
  }

  #add(known: Known<B>, name: string, ids: readonly number[], bytes: readonly number[]): Derived<B> {
    const values = bytes.map((size) => this.#allocate(size))
    const derived: Derived<B> = { ids, values, versions: null, pending: null }
    const total = bytes.reduce((sum, size) => sum + size, 0)
    this.#bytes += total
    known.set(name, new WeakRef(derived))
    this.#collected.register(derived, () => {
      this.#bytes -= total
      if (known.get(name)?.deref() === undefined) known.delete(name)
    })
    return derived
  }
}

/** The derived values of one program. */
export class DerivedValues<B> {
  readonly #store: DerivedStore<B>
  readonly #derivations: readonly Derivation[]
  /** Of each derivation by its first parameter: programs outlive networks, derived values must not. */
  readonly #used: readonly WeakMap<object, Derived<B>>[]

  constructor(store: DerivedStore<B>, derivations: readonly Derivation[]) {
    this.#store = store
    this.#derivations = derivations
    this.#used = derivations.map(() => new WeakMap())
  }

  /**
   * The values of all derivations, in order. `compute` fills the given values of some of them: those that nobody has
   * computed from the parameters as they are. The first index out of range that it reports is handed on; then it is asked
   * again the next time.
   */
  async get(
    inputs: readonly Storage[],
    compute: (derivations: readonly number[], values: readonly B[]) => Promise<IndexError | undefined>,
  ): Promise<{ readonly values: readonly B[]; readonly fault: IndexError | undefined }> {
    const all = this.#derivations.map((derivation, i) => this.#derivedOf(i, derivation, inputs))
    let fault: IndexError | undefined
    const faulty = new Set<number>()
    for (;;) {
      const stale: number[] = []
      for (const [i, derived] of all.entries()) {
        if (!faulty.has(i) && !this.#isCurrent(i, derived, inputs)) stale.push(i)
      }
      if (stale.length === 0) break
      const idle = stale.filter((i) => all[i]!.pending === null)
      if (idle.length === 0) {
        await all[stale[0]!]!.pending
        continue
      }
      const found = await this.#compute(idle, all, inputs, compute)
      if (found === undefined) continue
      fault ??= found
      for (const i of idle) faulty.add(i)
    }
    return { values: all.flatMap(({ values }) => values), fault }
  }

  #derivedOf(i: number, derivation: Derivation, inputs: readonly Storage[]): Derived<B> {
    const owner = inputs[derivation.inputs[0]!] ?? this
    const used = this.#used[i]!.get(owner)
    if (used?.ids.every((id, k) => id === inputs[derivation.inputs[k]!]!.id)) return used
    const derived = this.#store.find(
      derivation,
      derivation.inputs.map((index) => inputs[index]!),
    )
    this.#used[i]!.set(owner, derived)
    return derived
  }

  #isCurrent(i: number, { versions }: Derived<B>, inputs: readonly Storage[]): boolean {
    const { inputs: parameters } = this.#derivations[i]!
    return versions?.every((version, k) => version === inputs[parameters[k]!]!.version) ?? false
  }

  /** Until it has ended, others that want these values wait. */
  #compute(
    chosen: readonly number[],
    all: readonly Derived<B>[],
    inputs: readonly Storage[],
    compute: (derivations: readonly number[], values: readonly B[]) => Promise<IndexError | undefined>,
  ): Promise<IndexError | undefined> {
    const found = chosen.map((i) => all[i]!)
    const versions = chosen.map((i) => this.#derivations[i]!.inputs.map((index) => inputs[index]!.version))
    for (const derived of found) derived.versions = null
    const ended = compute(
      chosen,
      found.flatMap(({ values }) => values),
    ).then(
      (fault) => {
        for (const [k, derived] of found.entries()) {
          derived.pending = null
          if (fault === undefined) derived.versions = versions[k]!
        }
        return fault
      },
      (error: unknown) => {
        for (const derived of found) derived.pending = null
        throw error
      },
    )
    const pending = ended.then(
      () => undefined,
      () => undefined,
    )
    for (const derived of found) derived.pending = pending
    return ended
  }
}
