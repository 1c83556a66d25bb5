import { CheckpointError } from '../weights/errors.ts'
import type { Attribute, Attributes, Graph, GraphNode } from './model.ts'

/** An operator that a file defines by others. */
export interface FunctionDefinition {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly nodes: readonly GraphNode[]
  /** Attributes with their values where none are given. */
  readonly defaults: Attributes
}

/** What an attribute within a function holds where it stands for one of the function's own. */
const referenceMark = '\0attribute:'

export function attributeReference(name: string): Attribute {
  return { type: 'string', value: referenceMark + name }
}

/** No network has more nodes; functions that call functions could make any number of them. */
const mostNodes = 1_000_000

const deepestCall = 64

/** Puts the nodes of functions in the place of their uses. Throws a CheckpointError where they call themselves. */
export function inlineFunctions(
  graph: Graph,
  functions: ReadonlyMap<string, FunctionDefinition>,
  file: string,
): Graph {
  if (functions.size === 0) return graph
  return new Inliner(functions, file).graph(graph, 0)
}

class Inliner {
  readonly #functions: ReadonlyMap<string, FunctionDefinition>
  readonly #file: string
  #uses = 0
  #count = 0

  constructor(functions: ReadonlyMap<string, FunctionDefinition>, file: string) {
    this.#functions = functions
    this.#file = file
  }

  graph(graph: Graph, depth: number): Graph {
    return { ...graph, nodes: graph.nodes.flatMap((node) => this.#node(node, depth)) }
  }

  #node(node: GraphNode, depth: number): GraphNode[] {
    if (depth > deepestCall) throw new CheckpointError(this.#file, `the function ${node.op} calls itself`)
    const definition = this.#functions.get(`${node.domain}:${node.op}`)
    if (definition === undefined) {
      if (++this.#count > mostNodes) throw new CheckpointError(this.#file, `has more than ${mostNodes} nodes`)
      const attributes = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => [
        name,
        attribute.type === 'graph' ? { type: 'graph', value: this.graph(attribute.value, depth) } : attribute,
      ])
      return [{ ...node, attributes: Object.fromEntries(attributes) }]
    }
    if (this.#uses > mostNodes)
      throw new CheckpointError(this.#file, `uses functions more than ${mostNodes} times`)
    const prefix = `${node.name || node.op}/${this.#uses++}/`
    const names = new Map<string, string>([['', '']])
    for (const [i, input] of definition.inputs.entries()) names.set(input, node.inputs[i] ?? '')
    for (const [i, output] of definition.outputs.entries()) {
      if (node.outputs[i]) names.set(output, node.outputs[i])
    }
    const given = { ...definition.defaults, ...node.attributes }
    return definition.nodes.flatMap((inner) => this.#node(renamed(inner, names, prefix, given), depth + 1))
  }
}

/** A node with the names of the place where its function is used. */
function renamed(
  node: GraphNode,
  names: ReadonlyMap<string, string>,
  prefix: string,
  given: Attributes,
): GraphNode {
  const rename = (name: string): string => names.get(name) ?? prefix + name
  const attributes: Record<string, Attribute> = {}
  for (const [name, attribute] of Object.entries(node.attributes)) {
    if (attribute.type === 'string' && attribute.value.startsWith(referenceMark)) {
      const value = given[attribute.value.slice(referenceMark.length)]
      if (value !== undefined) attributes[name] = value
    } else if (attribute.type === 'graph') {
      attributes[name] = { type: 'graph', value: renamedGraph(attribute.value, rename, names, prefix, given) }
    } else {
      attributes[name] = attribute
    }
  }
  return {
    ...node,
    name: prefix + node.name,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes,
  }
}

function renamedGraph(
  graph: Graph,
  rename: (name: string) => string,
  names: ReadonlyMap<string, string>,
  prefix: string,
  given: Attributes,
): Graph {
  return {
    name: graph.name,
    nodes: graph.nodes.map((node) => renamed(node, names, prefix, given)),
    inputs: graph.inputs.map((value) => ({ ...value, name: rename(value.name) })),
    outputs: graph.outputs.map((value) => ({ ...value, name: rename(value.name) })),
    initializers: new Map([...graph.initializers].map(([name, tensor]) => [rename(name), tensor])),
  }
}
