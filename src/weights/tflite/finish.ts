import type { ElementType, Graph, GraphNode, GraphValue } from '../../onnx/model.ts'
import { outerLayout } from './layout.ts'
import type { Translation } from './translation.ts'

/** The graph of all that the outputs need; inputs and outputs have the names that the file gives them. */
export function finishedGraph(t: Translation, inputs: readonly number[]): Graph {
  const inputValues = inputs.map((index) => described(t, index, t.value(index).name))
  const made = new Set(t.nodes.flatMap((node) => node.outputs))
  const outputs = new Map<string, number>()
  for (const index of new Set(t.model.outputs)) {
    const value = t.input(index, outerLayout(t.rank(index)))
    for (const name of t.nodes.at(-1)?.outputs ?? []) made.add(name)
    // What is an input, a constant or another output already, gets a name of its own.
    const name = made.has(value) && !outputs.has(value) ? value : t.emit('Identity', [value])
    outputs.set(name, index)
  }
  const fixed = new Set([...inputValues.map(({ name }) => name), ...t.initializers.keys()])
  const renames = outputNames(t, outputs, fixed)
  const renamed = (name: string): string => renames.get(name) ?? name
  const nodes = needed(t.nodes, outputs.keys()).map((node) => ({
    ...node,
    inputs: node.inputs.map(renamed),
    outputs: node.outputs.map(renamed),
  }))
  const taken = new Set(nodes.flatMap((node) => node.inputs))
  return {
    name: t.model.name,
    nodes,
    inputs: inputValues,
    outputs: [...outputs].map(([name, index]) => described(t, index, renamed(name))),
    initializers: new Map([...t.initializers].filter(([name]) => taken.has(name))),
  }
}

/** New names for the values that are outputs, and for those whose names these take. */
function outputNames(
  t: Translation,
  outputs: ReadonlyMap<string, number>,
  fixed: ReadonlySet<string>,
): Map<string, string> {
  const renames = new Map<string, string>()
  const wanted = new Set<string>()
  for (const [from, index] of outputs) {
    const { name } = t.tensor(index)
    if (fixed.has(name) || wanted.has(name)) continue
    wanted.add(name)
    renames.set(from, name)
  }
  for (const name of t.nodes.flatMap((node) => node.outputs)) {
    if (wanted.has(name) && !renames.has(name)) renames.set(name, t.names.take(name))
  }
  return renames
}

/** The nodes that lead to the outputs, in their order. */
function needed(nodes: readonly GraphNode[], outputs: Iterable<string>): GraphNode[] {
  const wanted = new Set(outputs)
  return nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => wanted.has(name))) return false
      for (const name of node.inputs) wanted.add(name)
      return true
    })
    .reverse()
}

/** Names in ONNX of the element types of the schema, but for quantised ones, which are floats here. */
const elementNames: Readonly<Record<number, ElementType>> = {
  0: 'FLOAT',
  1: 'FLOAT',
  2: 'INT32',
  3: 'UINT8',
  4: 'INT64',
  6: 'BOOL',
  7: 'INT16',
  9: 'INT8',
}

function described(t: Translation, index: number, name: string): GraphValue {
  const { shape, type, quantization } = t.tensor(index)
  const dims = t.dims(index)
  const batched = !t.isConstant(index) && t.value(index).batched && !t.batchFixed
  const sizes = outerLayout(shape.length).map((axis) => {
    if (axis === 0 && batched) return 'batch'
    return dims[axis]! < 0 ? null : dims[axis]!
  })
  return { name, type: quantization === undefined ? (elementNames[type] ?? null) : 'FLOAT', shape: sizes }
}
