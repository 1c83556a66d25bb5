import type { IndexError } from '../graph/index-error.ts'
import type { Storage } from '../graph/storage.ts'

export interface Derived<B> {
  readonly values: readonly B[]
  /** The versions of the parameters that the values were computed from; null while there are no values. */
  origins: readonly Origin[] | null
  /** What was wrong in computing them. */
  fault: IndexError | undefined
}

interface Origin {
  readonly storage: WeakRef<Storage>
  readonly version: number
}

/** Bytes of derived values that are held. */
export class DerivedBytes {
  total = 0
  readonly #registry = new FinalizationRegistry<number>((bytes) => {
    this.total -= bytes
  })

  add(owner: object, bytes: number): void {
    this.total += bytes
    this.#registry.register(owner, bytes)
  }
}

/** The values that a program derives from parameters, in buffers of type B: folded and prepacked weights. */
export class DerivedValues<B> {
  readonly #from: readonly number[]
  readonly #sizes: readonly number[]
  readonly #held: DerivedBytes
  readonly #allocate: (bytes: number) => B
  /** By the first parameter that they depend on: programs outlive networks, derived values must not. */
  readonly #derived = new WeakMap<object, Derived<B>>()

  /** `from`: the inputs that they depend on. */
  constructor(
    from: readonly number[],
    sizes: readonly number[],
    held: DerivedBytes,
    allocate: (bytes: number) => B,
  ) {
    this.#from = from
    this.#sizes = sizes
    this.#held = held
    this.#allocate = allocate
  }

  /** They are computed anew where a parameter that they depend on is another one, or has changed. */
  async get(
    inputs: readonly Storage[],
    compute: (values: readonly B[]) => Promise<IndexError | undefined>,
  ): Promise<Derived<B>> {
    const storages = this.#from.map((index) => inputs[index]!)
    const derived = this.#derivedOf(storages[0] ?? this)
    const current = derived.origins?.every(
      ({ storage, version }, i) => storage.deref() === storages[i] && version === storages[i]!.version,
    )
    if (!current) {
      derived.origins = null
      const origins = storages.map((storage) => ({ storage: new WeakRef(storage), version: storage.version }))
      derived.fault = await compute(derived.values)
      derived.origins = origins
    }
    return derived
  }

  #derivedOf(key: object): Derived<B> {
    let derived = this.#derived.get(key)
    if (derived === undefined) {
      derived = { values: this.#sizes.map((bytes) => this.#allocate(bytes)), origins: null, fault: undefined }
      this.#held.add(
        derived,
        this.#sizes.reduce((sum, bytes) => sum + bytes, 0),
      )
      this.#derived.set(key, derived)
    }
    return derived
  }
}
