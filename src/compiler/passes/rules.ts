import { withGradMode } from '../../graph/grad-mode.ts'
import type { Node, Op } from '../../graph/node.ts'
import { formatShape, sameShape } from '../../graph/shape.ts'
import { attrsKey, type Graph } from '../graph.ts'
import { copyNode, liveNodes } from './rewrite.ts'

/** What a rule may ask. */
export interface RuleContext {
  /** The simplest equal of a node, whose inputs may be new. */
  simplified(node: Node): Node
}

/**
 * A simpler equal of the node, or null. Inputs have been simplified before; equal ones are one node. What is returned
 * is simplified again, so every rule must bring its node nearer to some end.
 */
export type Rule<O extends Op = Op> = (node: Node<O>, context: RuleContext) => Node | null

export type RuleTable = { readonly [O in Op]?: Rule<O> }

/**
 * Rebuilds a graph in recorded order, each node by the first rule that has something simpler for it. Equal operations on
 * equal inputs become one (values to be computed again differ by their tags), and what no output needs is left behind.
 */
export function applyRules(graph: Graph, tables: readonly RuleTable[]): Graph {
  return withGradMode(false, () => {
    const rewriter = new Rewriter(graph.inputs, tables)
    for (const node of liveNodes(graph)) rewriter.visit(node)
    const outputs = graph.outputs.map((node) => rewriter.visit(node))
    return { inputs: graph.inputs, outputs, donations: graph.donations }
  })
}

/** Common subexpressions and dead code alone. */
export function deduplicate(graph: Graph): Graph {
  return applyRules(graph, [])
}

class Rewriter implements RuleContext {
  readonly #tables: readonly RuleTable[]
  readonly #unique = new Map<string, Node>()
  readonly #simplified = new Map<Node, Node>()

  constructor(inputs: readonly Node[], tables: readonly RuleTable[]) {
    this.#tables = tables
    for (const input of inputs) this.#simplified.set(input, input)
  }

  /** Every recorded node is made anew, so that ids keep following the recorded order. */
  visit(node: Node): Node {
    return this.#simplified.get(node) ?? this.#finish(node, copyNode(node, node.inputs.map(this.simplified)))
  }

  readonly simplified = (node: Node): Node => {
    const known = this.#simplified.get(node)
    if (known) return known
    const inputs = node.inputs.map(this.simplified)
    const same = inputs.every((input, i) => input === node.inputs[i])
    return this.#finish(node, same ? node : copyNode(node, inputs))
  }

  #finish(node: Node, rebuilt: Node): Node {
    const key = keyOf(rebuilt)
    const result = this.#unique.get(key) ?? this.#applied(rebuilt) ?? this.#keep(key, rebuilt)
    this.#simplified.set(node, result)
    this.#simplified.set(result, result)
    return result
  }

  #applied(node: Node): Node | undefined {
    for (const table of this.#tables) {
      const rule = table[node.op] as Rule | undefined
      const simpler = rule?.(node, this)
      if (!simpler) continue
      if (simpler.dtype !== node.dtype || !sameShape(simpler.shape, node.shape)) {
        throw new Error(
          `simplify: ${node.op} ${node.dtype} ${formatShape(node.shape)} became ${simpler.op} ${simpler.dtype} ${formatShape(simpler.shape)}`,
        )
      }
      return this.simplified(simpler)
    }
    return undefined
  }

  #keep(key: string, node: Node): Node {
    this.#unique.set(key, node)
    return node
  }
}

const commutative: ReadonlySet<Op> = new Set<Op>(['add', 'mul', 'maximum', 'minimum', 'equal'])

function keyOf(node: Node): string {
  const { op, inputs } = node
  let key = `${op}${attrsKey(node)}`
  if (inputs.length === 2 && inputs[0]!.id > inputs[1]!.id && commutative.has(op)) {
    return `${key},${inputs[1]!.id},${inputs[0]!.id}`
  }
  for (const input of inputs) key += `,${input.id}`
  return key
}
