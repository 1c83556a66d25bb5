import { keyText } from '../compiler/graph.ts'
import type { Composite } from '../graph/composite.ts'
import { isOp, type Node } from '../graph/node.ts'
import { isFixed, type Twins } from './export-dimensions.ts'
import type { ForwardTrace } from './export-trace.ts'
import { resolved, unexpanded } from './lowering/context.ts'
import { broadcasting } from './lowering/elementwise.ts'
import { isMaxPool } from './lowering/pooling.ts'

export interface PlanOptions {
  readonly trace: ForwardTrace
  readonly twins: Twins
  /** In training parameters stay as they are: what is computed from them is not computed before. */
  readonly training: boolean
  readonly accepts: (composite: Composite, node: Node) => boolean
}

/** Which recorded values are written, and how. */
export class Plan {
  readonly #options: PlanOptions
  readonly #operands = new Map<Node, readonly Node[]>()
  readonly #composites = new Map<Node, Composite | null>()
  readonly #constant = new Map<Node, boolean>()

  constructor(options: PlanOptions) {
    this.#options = options
  }

  /** The composed function as which a value is written, if it is. */
  compositeOf(node: Node): Composite | null {
    const known = this.#composites.get(node)
    if (known !== undefined) return known
    const composite = this.#options.trace.composites.get(node)
    const taken = composite !== undefined && this.#options.accepts(composite, node) ? composite : null
    this.#composites.set(node, taken)
    return taken
  }

  /** What is read to write a value. */
  operandsOf(node: Node): readonly Node[] {
    const known = this.#operands.get(node)
    if (known !== undefined) return known
    const operands = this.#find(node)
    this.#operands.set(node, operands)
    return operands
  }

  #find(node: Node): readonly Node[] {
    const { trace, twins } = this.#options
    const source = (input: Node): Node => resolved(input, trace.composites)
    const composite = this.compositeOf(node)
    if (composite !== null)
      return composite.inputs.flatMap((input) => (input === null ? [] : [source(input)]))
    const inputs = node.inputs.map(source)
    for (const written of [node, ...inputs.filter((input) => isOp(input, 'full'))])
      twins.checkParameters(written)
    if (isMaxPool(node) || isOp(node, 'identity')) return [inputs[0]!]
    if (!broadcasting.has(node.op)) return inputs
    return unexpanded(inputs, twins.dimensions(node), (input) => twins.dimensions(input), source)
  }

  /** The values that have to be written for the outputs, in order, and the constants that they read. */
  order(outputs: readonly Node[]): {
    readonly written: readonly Node[]
    readonly constants: readonly Node[]
  } {
    const { trace } = this.#options
    const written = new Set<Node>()
    const constants = new Set<Node>()
    const inputs = new Set(trace.inputs)
    const stack = outputs.map((node) => resolved(node, trace.composites))
    for (const node of stack) if (isOp(node, 'full')) this.#options.twins.checkParameters(node)
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (written.has(node) || constants.has(node) || inputs.has(node)) continue
      // Random numbers are drawn by the runtime, whose generators take no key.
      if (this.isConstant(node)) constants.add(node)
      else {
        written.add(node)
        if (node.op !== 'random') stack.push(...this.operandsOf(node))
      }
    }
    const byId = (a: Node, b: Node): number => a.id - b.id
    return { written: [...written].sort(byId), constants: [...constants].sort(byId) }
  }

  /** Whether a value is the same whatever the inputs are, and can be computed before. */
  isConstant(node: Node): boolean {
    const stack = [node]
    while (stack.length > 0) {
      const next = stack.at(-1)!
      if (this.#constant.has(next)) {
        stack.pop()
        continue
      }
      const open = next.storage === undefined ? next.inputs.filter((input) => !this.#constant.has(input)) : []
      if (open.length > 0) {
        stack.push(...open)
        continue
      }
      this.#constant.set(next, this.#known(next))
      stack.pop()
    }
    return this.#constant.get(node)!
  }

  #known(node: Node): boolean {
    const { trace, twins, training } = this.#options
    if (trace.inputs.includes(node)) return false
    if (node.storage !== undefined) {
      if (!trace.drawn.has(node)) return true
      return false
    }
    if (isOp(node, 'full')) return true
    if (node.op === 'random' || node.op === 'input') return false
    const inputs = node.inputs.every(
      (input) => this.#constant.get(input)! && !(training && isVariable(input)),
    )
    if (!inputs) return false
    // A broadcast constant is better left to the runtime than stored.
    if (isOp(node, 'expand')) return false
    return twins.dimensions(node).every(isFixed) && keyText(node.attrs) === keyText(twins.twinOf(node).attrs)
  }
}

/** A parameter or buffer. */
export function isVariable(node: Node): boolean {
  return isOp(node, 'input') && node.attrs.persistent
}
