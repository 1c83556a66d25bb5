import { keyText } from '../compiler/graph.ts'
import type { Composite } from '../graph/composite.ts'
import type { TypedArray } from '../graph/dtype.ts'
import type { Node, Taps } from '../graph/node.ts'
import { formatShape, type Shape } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'

/** A size that is fixed, or so many times that of the batch. */
export type Dimension = number | { readonly batches: number }

export type Dimensions = readonly Dimension[]

export const isFixed = (dimension: Dimension): dimension is number => typeof dimension === 'number'

export function sameDimension(a: Dimension, b: Dimension): boolean {
  return isFixed(a) || isFixed(b) ? a === b : a.batches === b.batches
}

/** A network cannot be exported with a free batch size. */
export class FixedBatchError extends Error {
  override readonly name = 'FixedBatchError'
}

/** Parameters of primitives that are sizes, or places within them. */
const sizes: ReadonlySet<string> = new Set(['shape', 'starts', 'stops', 'before', 'after'])

/** The values of one recording and those of the same network for another batch size, side by side. */
export class Twins {
  readonly #twins = new Map<Node, Node>()
  readonly #batches: readonly [number, number]
  readonly #composites: ReadonlyMap<Node, Composite>
  readonly #others: ReadonlyMap<Node, Composite>

  constructor(
    batches: readonly [number, number],
    composites: ReadonlyMap<Node, Composite>,
    others: ReadonlyMap<Node, Composite>,
  ) {
    this.#batches = batches
    this.#composites = composites
    this.#others = others
  }

  /** Pairs values and all they are computed from. Throws a FixedBatchError where the structures differ. */
  pair(outputs: readonly Node[], others: readonly Node[]): void {
    if (outputs.length !== others.length) throw differs('it gives another number of outputs')
    const stack = outputs.map((node, i) => [node, others[i]!] as const)
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [a, b] = next
      const known = this.#twins.get(a)
      if (known === b) continue
      if (known !== undefined) throw differs(`a ${a.op} is used where two are for another batch size`)
      this.#twins.set(a, b)
      if (a === b) continue
      this.#compare(a, b)
      if (a.storage === undefined)
        for (const [i, input] of a.inputs.entries()) stack.push([input, b.inputs[i]!])
      const [composite, other] = [this.#composites.get(a), this.#others.get(b)]
      if (composite?.kind !== other?.kind) throw differs(`a ${composite?.kind ?? a.op} is computed otherwise`)
      for (const [i, input] of (composite?.inputs ?? []).entries()) {
        const twin = other!.inputs[i] ?? null
        if ((input === null) !== (twin === null)) throw differs(`the inputs of a ${composite!.kind} differ`)
        if (input !== null) stack.push([input, twin!])
      }
    }
  }

  #compare(a: Node, b: Node): void {
    const known = a.storage !== undefined || b.storage !== undefined
    if (a.op !== b.op || a.dtype !== b.dtype || a.shape.length !== b.shape.length) {
      throw differs(`a ${a.op} is a ${b.op} for another batch size`)
    }
    if (a.inputs.length !== b.inputs.length && !known) throw differs(`a ${a.op} has another number of inputs`)
    for (const [i, size] of a.shape.entries()) this.of(size, b.shape[i]!)
    if (known && !this.#sameContents(a, b)) {
      throw differs(`a constant of shape ${formatShape(a.shape)} depends on the batch size`)
    }
    const composite = this.#composites.get(a)
    if (composite !== undefined) {
      const other = this.#others.get(b)
      if (other !== undefined && keyText(composite.attrs) !== keyText(other.attrs)) {
        throw differs(`a ${composite.kind} has other parameters`)
      }
    }
  }

  #sameContents(a: Node, b: Node): boolean {
    // Keys of random numbers and inputs are never looked into.
    if (a.op !== 'input' || b.op !== 'input') return true
    if (this.inputs.has(a)) return true
    const [one, other] = [contentsOf(a), contentsOf(b)]
    if (one === undefined || other === undefined) return false
    return one.length === other.length && one.every((value, i) => Object.is(value, other[i]))
  }

  /** The network's inputs, whose contents mean nothing. */
  readonly inputs: Set<Node> = new Set()

  twinOf(node: Node): Node {
    return this.#twins.get(node) ?? node
  }

  /** A size in one recording and in the other. Throws a FixedBatchError where it is no multiple of the batch. */
  of(a: number, b: number): Dimension {
    if (a === b) return a
    const [first, second] = this.#batches
    if (a * second === b * first) return { batches: a / first }
    throw differs(`a size is ${a} for a batch of ${first} and ${b} for one of ${second}`)
  }

  /** Throws a FixedBatchError where a primitive's parameters, other than sizes, depend on the batch. */
  checkParameters(node: Node): void {
    const twin = this.twinOf(node)
    if (twin === node || node.storage !== undefined) return
    const [own, other] = [node.attrs, twin.attrs] as readonly Readonly<Record<string, unknown>>[]
    for (const [name, value] of Object.entries(own!)) {
      if (sizes.has(name) || keyText({ [name]: value }) === keyText({ [name]: other![name] })) continue
      if (name === 'taps' && sameTaps(value as Taps, other![name] as Taps)) continue
      throw differs(`the ${name} of a ${node.op} depends on the batch size`)
    }
  }

  dimensions(node: Node): Dimensions {
    const twin = this.twinOf(node)
    return node.shape.map((size, i) => this.of(size, twin.shape[i]!))
  }

  list(a: Shape, b: Shape): Dimensions {
    return a.map((size, i) => this.of(size, b[i]!))
  }
}

/** Tables without a key of their own are compared by what they hold. */
function sameTaps(a: Taps, b: Taps): boolean {
  if (a.inSize !== b.inSize) return false
  return (['offsets', 'indices', 'weights'] as const).every(
    (list) => a[list].length === b[list].length && a[list].every((value, i) => value === b[list][i]),
  )
}

function contentsOf(node: Node): TypedArray | undefined {
  return node.storage instanceof HostStorage ? node.storage.data : undefined
}

function differs(why: string): FixedBatchError {
  return new FixedBatchError(
    `the network cannot be exported for every batch size: ${why}; export it with dynamicBatch: false and the batch size wanted`,
  )
}
