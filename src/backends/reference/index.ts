import { type Graph, topologicalOrder } from '../../compiler/graph.ts'
import type { IndexError } from '../../graph/index-error.ts'
import { isOp, type Node, type Op } from '../../graph/node.ts'
import type { Storage } from '../../graph/storage.ts'
import type { Backend, Executable } from '../backend.ts'
import { adoptByHost, hostTargets, hostValues } from '../host-values.ts'
import { yieldToEventLoop } from '../yield.ts'
import { convolutionKernels } from './convolution.ts'
import { elementwiseKernels } from './elementwise.ts'
import { indexFault, indexingKernels } from './indexing.ts'
import type { KernelTable, ReferenceKernel, Value } from './kernel.ts'
import { matmulKernels } from './matmul.ts'
import { movementKernels } from './movement.ts'
import { poolingKernels } from './pooling.ts'
import { reductionKernels } from './reduction.ts'

/** Every primitive but `input`, whose value is given. */
const kernels: KernelTable<Exclude<Op, 'input'>> = {
  ...movementKernels,
  ...elementwiseKernels,
  ...reductionKernels,
  ...indexingKernels,
  ...matmulKernels,
  ...convolutionKernels,
  ...poolingKernels,
}

/**
 * Plain loops in double precision over the graph as recorded: slow, obvious, and what every other backend is compared
 * with. float32 values are rounded only where they leave the graph.
 */
export function createReferenceBackend(): Backend {
  return {
    info: { name: 'reference', device: 'CPU', threads: 1, instructionSet: 'none' },
    compile: (graph) => new ReferenceExecutable(graph),
    adopt: adoptByHost,
    memory: () => ({ bytes: 0 }),
  }
}

/** Milliseconds of work after which others on the event loop get their turn. */
const yieldAfter = 50

class ReferenceExecutable implements Executable {
  readonly #graph: Graph
  readonly #order: readonly Node[]
  /** For each node of the order, the values that nothing needs after it. */
  readonly #dying: readonly (readonly Node[])[]

  constructor(graph: Graph) {
    this.#graph = graph
    this.#order = topologicalOrder(graph.outputs).filter((node) => node.op !== 'input')
    const last = new Map<Node, number>()
    for (const [i, node] of this.#order.entries()) for (const input of node.inputs) last.set(input, i)
    for (const output of graph.outputs) last.delete(output)
    const dying: Node[][] = this.#order.map(() => [])
    for (const [node, i] of last) dying[i]!.push(node)
    this.#dying = dying
  }

  async run(inputs: readonly Storage[], outputs: readonly Storage[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const values = new Map<Node, Value>()
    const given = await hostValues(inputs)
    for (const [i, node] of this.#graph.inputs.entries()) values.set(node, Float64Array.from(given[i]!))
    let resumed = performance.now()
    let fault: IndexError | undefined
    for (const [i, node] of this.#order.entries()) {
      const kernel = kernels[node.op as Exclude<Op, 'input'>] as ReferenceKernel<Op>
      const operands = node.inputs.map((input) => values.get(input)!)
      values.set(node, kernel(node, operands))
      if (isOp(node, 'gather') || isOp(node, 'scatterAdd')) fault ??= indexFault(node, operands[1]!)
      for (const dead of this.#dying[i]!) values.delete(dead)
      if (performance.now() - resumed > yieldAfter) {
        await yieldToEventLoop()
        signal?.throwIfAborted()
        resumed = performance.now()
      }
    }
    const targets = hostTargets(outputs)
    for (const [i, node] of this.#graph.outputs.entries()) targets[i]!.set(values.get(node)!)
    if (fault) throw fault
  }
}
