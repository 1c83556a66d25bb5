import { Call } from './call.ts'
import type { Constants } from './constants.ts'
import { GraphError } from './errors.ts'
import type { Graph, GraphNode } from './model.ts'
import { operatorOf } from './operators/index.ts'
import type { Value } from './value.ts'

/** Values by name; a graph within a node sees those around it. */
export class Scope {
  readonly #values: Map<string, Value>
  readonly #outer: Scope | undefined

  constructor(values: Iterable<readonly [string, Value]>, outer?: Scope) {
    this.#values = new Map(values)
    this.#outer = outer
  }

  get(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#outer?.get(name)
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value)
  }
}

/** Records what a graph computes from values that are known by name; gives its outputs. */
export function runGraph(
  graph: Graph,
  known: Scope,
  opset: number,
  training: boolean,
  constants: Constants,
): readonly Value[] {
  const runInner = (inner: Graph, inputs: readonly Value[]): readonly Value[] => {
    const scope = new Scope(constants.inner.get(inner) ?? [], known)
    for (const [i, { name }] of inner.inputs.entries()) {
      const input = inputs[i]
      if (input === undefined) throw new GraphError(`nothing gives the input '${name}' of the graph within`)
      scope.set(name, input)
    }
    return runGraph(inner, scope, opset, training, constants)
  }
  const context = { opset, training, constants: constants.attributes, runGraph: runInner }
  for (const node of graph.nodes) {
    try {
      const inputs = node.inputs.map((name) => (name === '' ? undefined : namedValue(known, name)))
      const operator = operatorOf(node) ?? unsupported(node)
      const result = operator.run(new Call(node, inputs, context))
      const outputs = isList(result) ? result : [result]
      for (const [i, name] of node.outputs.entries()) {
        if (name === '') continue
        const output = outputs[i]
        if (output === undefined) throw new GraphError(`output ${i} (${name}) is not supported`)
        known.set(name, output)
      }
    } catch (error) {
      if (error instanceof Error) locate(error, node)
      throw error
    }
  }
  return graph.outputs.map(({ name }) => namedValue(known, name))
}

function isList(result: Value | readonly Value[]): result is readonly Value[] {
  return Array.isArray(result)
}

function namedValue(known: Scope, name: string): Value {
  const value = known.get(name)
  if (value === undefined) throw new GraphError(`nothing gives the value '${name}'`)
  return value
}

function unsupported(node: GraphNode): never {
  throw new GraphError(`the operator ${node.op} is not supported`)
}

const located = new WeakSet<Error>()

/** Says in which node an error arose. */
function locate(error: Error, node: GraphNode): void {
  if (located.has(error)) return
  located.add(error)
  const place = node.name === '' ? `${node.op} that gives '${node.outputs[0]}'` : `${node.op} '${node.name}'`
  const message = `${place}: ${error.message}`
  if (error.stack) error.stack = error.stack.replace(error.message, () => message)
  error.message = message
}
