import type { Bound, Compiled } from '../compiler/compile.ts'

/** The programs that compute derivations of one compiled graph, loaded as P. */
export class Prologues<P> {
  readonly #prologue: Compiled['prologue']
  readonly #load: (prologue: Bound) => P
  /** The last one: most often all derivations are wanted, or those of the same few parameters again. */
  #last: { readonly key: string; readonly loaded: P } | undefined

  constructor(prologue: Compiled['prologue'], load: (prologue: Bound) => P) {
    this.#prologue = prologue
    this.#load = load
  }

  get(derivations: readonly number[]): P {
    const key = derivations.join()
    if (this.#last?.key !== key) this.#last = { key, loaded: this.#load(this.#prologue(derivations)) }
    return this.#last.loaded
  }
}
