import { CheckpointError } from '../weights/errors.ts'
import type { Graph, GraphNode } from './model.ts'

/**
 * Brings the nodes into an order in which each comes after those whose outputs it takes, which files should have but do
 * not always. Throws a CheckpointError where a value is given twice, by nothing, or by what depends on it.
 */
export function sortGraph(graph: Graph, file: string, outer: ReadonlySet<string> = new Set()): Graph {
  const known = new Set([...outer, ...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)])
  const own = [...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)]
  const seen = new Set<string>()
  const twice = own.find((name) => seen.size === seen.add(name).size)
  if (twice !== undefined)
    throw new CheckpointError(file, `the input ${JSON.stringify(twice)} is there twice`)
  const makers = new Map<string, GraphNode>()
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue
      if (makers.has(output) || known.has(output)) {
        throw new CheckpointError(
          file,
          `the value ${JSON.stringify(output)} is given twice, by ${describe(node)} too`,
        )
      }
      makers.set(output, node)
    }
  }
  const nodes = ordered(graph, known, makers, file)
  const every = new Set([...known, ...makers.keys()])
  for (const { name } of graph.outputs) {
    if (!every.has(name)) throw new CheckpointError(file, `nothing gives the output ${JSON.stringify(name)}`)
  }
  return { ...graph, nodes: nodes.map((node) => sortedWithin(node, file, every)) }
}

function ordered(
  graph: Graph,
  known: ReadonlySet<string>,
  makers: ReadonlyMap<string, GraphNode>,
  file: string,
): GraphNode[] {
  const waiting = new Map<GraphNode, number>()
  const users = new Map<GraphNode, GraphNode[]>()
  for (const node of graph.nodes) {
    const needed = new Set<GraphNode>()
    for (const name of takenBy(node)) {
      const maker = makers.get(name)
      if (maker !== undefined) needed.add(maker)
      else if (!known.has(name)) {
        throw new CheckpointError(
          file,
          `${describe(node)} takes ${JSON.stringify(name)}, which nothing gives`,
        )
      }
    }
    waiting.set(node, needed.size)
    for (const maker of needed) {
      const list = users.get(maker) ?? []
      list.push(node)
      users.set(maker, list)
    }
  }
  const ready = graph.nodes.filter((node) => waiting.get(node) === 0)
  // The list grows while it is walked.
  for (const node of ready) {
    for (const user of users.get(node) ?? []) {
      const left = waiting.get(user)! - 1
      waiting.set(user, left)
      if (left === 0) ready.push(user)
    }
  }
  if (ready.length < graph.nodes.length) {
    const stuck = graph.nodes.find((node) => waiting.get(node)! > 0)!
    throw new CheckpointError(file, `${describe(stuck)} takes a value that depends on its own output`)
  }
  const inOrder = isInOrder(graph.nodes, known)
  return inOrder ? [...graph.nodes] : ready
}

function isInOrder(nodes: readonly GraphNode[], known: ReadonlySet<string>): boolean {
  const seen = new Set(known)
  for (const node of nodes) {
    for (const name of takenBy(node)) if (!seen.has(name)) return false
    for (const name of node.outputs) seen.add(name)
  }
  return true
}

/** What a node takes from around it, graphs within included. */
function* takenBy(node: GraphNode): Iterable<string> {
  for (const name of node.inputs) if (name !== '') yield name
  for (const attribute of Object.values(node.attributes)) {
    if (attribute.type !== 'graph') continue
    const own = new Set([
      ...attribute.value.initializers.keys(),
      ...attribute.value.inputs.map(({ name }) => name),
      ...attribute.value.nodes.flatMap((inner) => inner.outputs),
    ])
    for (const inner of attribute.value.nodes) {
      for (const name of takenBy(inner)) if (!own.has(name)) yield name
    }
    for (const { name } of attribute.value.outputs) if (!own.has(name)) yield name
  }
}

function sortedWithin(node: GraphNode, file: string, known: ReadonlySet<string>): GraphNode {
  const entries = Object.entries(node.attributes)
  if (!entries.some(([, attribute]) => attribute.type === 'graph')) return node
  const attributes = entries.map(([name, attribute]) => [
    name,
    attribute.type === 'graph'
      ? { type: 'graph' as const, value: sortGraph(attribute.value, file, known) }
      : attribute,
  ])
  return { ...node, attributes: Object.fromEntries(attributes) }
}

function describe(node: GraphNode): string {
  return `the node ${node.op}${node.name === '' ? '' : ` ${JSON.stringify(node.name)}`}`
}
