import { createReferenceBackend } from '../../src/backends/reference/index.ts'
import { abstractGraph, type Graph, record } from '../../src/compiler/graph.ts'
import { liveNodes } from '../../src/compiler/passes/rewrite.ts'
import { type DType, dtypes, isFloating, type TypedArray } from '../../src/graph/dtype.ts'
import { inputNode, type Node } from '../../src/graph/node.ts'
import { type Shape, sizeOf } from '../../src/graph/shape.ts'
import { HostStorage, type Storage } from '../../src/graph/storage.ts'
import { Generator } from '../../src/tensor/generator.ts'

/** How often each op occurs in a graph. */
export type OpCounts = Readonly<Record<string, number>>

export type Pass = (graph: Graph) => Graph

export interface Checked {
  readonly counts: OpCounts
  readonly graph: Graph
}

const generator = new Generator(1)

/** A leaf with random values: floats around 0, or small whole numbers. */
export function leaf(shape: Shape, options: { dtype?: DType; persistent?: boolean } = {}): Node {
  const { dtype = 'float32', persistent = false } = options
  const values = dtypes[dtype].create(sizeOf(shape))
  const most = dtype === 'bool' ? 2 : 7
  for (let i = 0; i < values.length; i++) {
    values[i] = isFloating(dtype) ? generator.normal() : generator.integer(most)
  }
  const storage = new HostStorage(dtype, values)
  return inputNode(storage, shape, { persistent })
}

/** A leaf that holds these values. */
export function leafOf(
  values: readonly number[],
  dtype: DType = 'float32',
  shape: Shape = [values.length],
): Node {
  const array = dtypes[dtype].create(values.length)
  array.set(values)
  return inputNode(new HostStorage(dtype, array), shape)
}

export function graphOf(outputs: readonly Node[], donatedLeaves: readonly (Node | null)[] = []): Graph {
  return abstractGraph(record(outputs, donatedLeaves))
}

/**
 * Runs a pass on what computes the outputs; throws if it changes a value, a shape or a dtype. The tolerance is relative to
 * the largest magnitude of an output, or to 1.
 */
export async function checkPass(
  outputs: Node | readonly Node[],
  pass: Pass,
  tolerance = 1e-5,
): Promise<Checked> {
  const list = 'op' in outputs ? [outputs] : outputs
  const recorded = record(list)
  const before = abstractGraph(recorded)
  const after = pass(before)
  const values = recorded.leaves.map((node) => node.storage!)
  const expected = await run(before, values)
  const actual = await run(after, values)
  for (const [i, node] of before.outputs.entries()) {
    const result = after.outputs[i]!
    if (result.dtype !== node.dtype || result.shape.join() !== node.shape.join()) {
      throw new Error(`output ${i}: ${node.dtype} [${node.shape}] became ${result.dtype} [${result.shape}]`)
    }
    compare(actual[i]!, expected[i]!, isFloating(node.dtype) ? tolerance : 0, `output ${i}`)
  }
  return { counts: opCounts(after), graph: after }
}

/** How often each op occurs among what the outputs need; inputs left out. */
export function opCounts(graph: Graph): OpCounts {
  const counts: Record<string, number> = {}
  for (const { op } of liveNodes(graph)) if (op !== 'input') counts[op] = (counts[op] ?? 0) + 1
  return counts
}

async function run(graph: Graph, inputs: readonly Storage[]): Promise<TypedArray[]> {
  const outputs = graph.outputs.map((node) => HostStorage.allocate(node.dtype, sizeOf(node.shape)))
  await createReferenceBackend().compile(graph).run(inputs, outputs)
  return outputs.map(({ data }) => data)
}

function compare(actual: TypedArray, expected: TypedArray, tolerance: number, where: string): void {
  let largest = 1
  for (const value of expected) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value))
  for (const [i, b] of expected.entries()) {
    const a = actual[i]!
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue
    if (Number.isFinite(b) && Math.abs(a - b) <= tolerance * largest) continue
    throw new Error(`${where}, element ${i}: ${a} instead of ${b}`)
  }
}
