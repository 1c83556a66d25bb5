import { Node, type OpAttrs } from '../graph/node.ts'

/**
 * A graph cut free from stored values: what is compiled and cached. `inputs` are placeholders (op 'input', no storage),
 * in the order in which a run is given its values; `outputs` are the values wanted.
 */
export interface Graph {
  readonly inputs: readonly Node[]
  readonly outputs: readonly Node[]
  /** For each output the input whose memory it takes over in place, or null for memory of its own. */
  readonly donations: readonly (number | null)[]
}

/** A graph as the user recorded it, with the leaves that hold its values. */
export interface Recorded {
  readonly leaves: readonly Node[]
  /** Everything needed for the outputs that is not a leaf, inputs before users. */
  readonly order: readonly Node[]
  readonly outputs: readonly Node[]
  readonly donations: readonly (number | null)[]
}

/** Thrown when a value is asked for whose parameters have since been overwritten in place. */
export class StaleValueError extends Error {
  override readonly name = 'StaleValueError'
}

/** Finds leaves and evaluation order. `donatedLeaves[i]`, if given, is the leaf output i overwrites. */
export function record(outputs: readonly Node[], donatedLeaves: readonly (Node | null)[] = []): Recorded {
  const leaves: Node[] = []
  const order: Node[] = []
  const seen = new Set<Node>()
  const stack: Node[] = []
  const visit = (node: Node): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.stale !== undefined) throw new StaleValueError(node.stale)
    if (node.storage !== undefined) {
      leaves.push(node)
      return
    }
    order.push(node)
    stack.push(node)
  }
  for (const output of outputs) visit(output)
  while (stack.length > 0) {
    for (const input of stack.pop()!.inputs) visit(input)
  }
  order.sort((a, b) => a.id - b.id)
  sortByFirstUse(leaves, order)
  const donations = outputs.map((_, i) => {
    const leaf = donatedLeaves[i]
    if (!leaf) return null
    let index = leaves.indexOf(leaf)
    if (index < 0) index = leaves.push(leaf) - 1
    return index
  })
  return { leaves, order, outputs, donations }
}

/** Leaves get new ids when they are updated in place; their first use does not change from one training step to the next. */
function sortByFirstUse(leaves: Node[], order: readonly Node[]): void {
  const used = new Map<Node, number>()
  for (const { inputs } of order) {
    for (const input of inputs) if (!used.has(input)) used.set(input, used.size)
  }
  leaves.sort((a, b) => (used.get(a) ?? -1) - (used.get(b) ?? -1) || a.id - b.id)
}

/** Equal keys mean equal graphs up to the stored values: the cache key of compiled programs. */
export function structuralKey(recorded: Recorded): string {
  const index = new Map<Node, number>()
  const tags = new Map<number, number>()
  const parts: string[] = []
  for (const leaf of recorded.leaves) {
    index.set(leaf, index.size)
    const persistent = leaf.op === 'input' && (leaf as Node<'input'>).attrs.persistent
    parts.push(`${persistent ? 'p' : 'i'}${leaf.dtype}${leaf.shape}`)
  }
  for (const node of recorded.order) {
    let part = `${node.op}${tagKey(node, tags) ?? attrsKey(node)}`
    for (const input of node.inputs) part += `,${index.get(input)}`
    index.set(node, index.size)
    parts.push(part)
  }
  const outputs = recorded.outputs.map((node, i) => `${index.get(node)}>${recorded.donations[i] ?? ''}`)
  return `${parts.join(';')}=${outputs.join(',')}`
}

/** Tags of recomputed values differ from one recording to the next: what matters is which are equal. */
function tagKey(node: Node, tags: Map<number, number>): string | null {
  if (node.op !== 'identity') return null
  const attrs = (node as Node<'identity'>).attrs
  if (attrs.role !== 'recompute') return null
  if (!tags.has(attrs.tag)) tags.set(attrs.tag, tags.size)
  return `recompute${tags.get(attrs.tag)}`
}

/** The attributes as text; tables of taps and gradient functions by their identity. */
export function attrsKey(node: Node): string {
  return keyText(node.attrs)
}

/** As JSON.stringify, for all numbers, and faster: every recording of a graph goes through here. */
export function keyText(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '' : String(value)
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value) text += `${keyText(item)},`
    return `[${text}]`
  }
  for (const name in value) {
    const item: unknown = (value as Readonly<Record<string, unknown>>)[name]
    text += `${name}:${name === 'taps' ? (item as OpAttrs['resample']['taps']).key : keyText(item)},`
  }
  return `{${text}}`
}

/** Copies a recorded graph onto placeholders, so that a cached program holds none of the user's values alive. */
export function abstractGraph(recorded: Recorded): Graph {
  const copies = new Map<Node, Node>()
  const inputs = recorded.leaves.map((leaf) => {
    const persistent = leaf.op === 'input' && (leaf as Node<'input'>).attrs.persistent
    const copy: Node = new Node('input', [], { persistent }, leaf.shape, leaf.dtype, false)
    copies.set(leaf, copy)
    return copy
  })
  for (const node of recorded.order) {
    // Further inputs of an identity are those that its own gradient goes to.
    const read = node.op === 'identity' ? node.inputs.slice(0, 1) : node.inputs
    copies.set(
      node,
      new Node(
        node.op,
        read.map((input) => copies.get(input)!),
        node.op === 'identity' ? identityAttrs(node as Node<'identity'>) : node.attrs,
        node.shape,
        node.dtype,
        false,
      ),
    )
  }
  return { inputs, outputs: recorded.outputs.map((node) => copies.get(node)!), donations: recorded.donations }
}

/** A custom gradient's closure may hold tensors; evaluation does not need it. */
function identityAttrs(node: Node<'identity'>): OpAttrs['identity'] {
  return node.attrs.role === 'custom' ? { role: 'detach' } : node.attrs
}

/** The nodes the outputs need, inputs before users; placeholders included. */
export function topologicalOrder(outputs: readonly Node[]): Node[] {
  const order: Node[] = []
  const state = new Map<Node, boolean>()
  const stack: Node[] = [...outputs].reverse()
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!
    const done = state.get(node)
    if (done === undefined) {
      state.set(node, false)
      for (let i = node.inputs.length - 1; i >= 0; i--) {
        const input = node.inputs[i]!
        if (state.get(input) === undefined) stack.push(input)
      }
    } else {
      stack.pop()
      if (!done) {
        state.set(node, true)
        order.push(node)
      }
    }
  }
  return order
}
