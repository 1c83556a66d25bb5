import type { Backend } from '../../src/backends/backend.ts'
import { abstractGraph, record } from '../../src/compiler/graph.ts'
import type { TypedArray } from '../../src/graph/dtype.ts'
import type { Node } from '../../src/graph/node.ts'
import { sizeOf } from '../../src/graph/shape.ts'
import { HostStorage, type Storage } from '../../src/graph/storage.ts'

/** A compiled evaluation of nodes, with other values in place of some of the leaves' own. */
export type Evaluation = (values?: ReadonlyMap<Node, TypedArray>) => Promise<TypedArray[]>

export function prepare(backend: Backend, outputs: readonly Node[]): Evaluation {
  const recorded = record(outputs)
  const executable = backend.compile(abstractGraph(recorded))
  return async (values) => {
    const inputs: Storage[] = recorded.leaves.map((leaf) => {
      const value = values?.get(leaf)
      return value ? new HostStorage(leaf.dtype, value) : leaf.storage!
    })
    const results = outputs.map((node) => HostStorage.allocate(node.dtype, sizeOf(node.shape)))
    await executable.run(inputs, results)
    return results.map((storage) => storage.data)
  }
}

export function evaluate(backend: Backend, outputs: readonly Node[]): Promise<TypedArray[]> {
  return prepare(backend, outputs)()
}
