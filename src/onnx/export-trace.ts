import { type Composite, recordComposites } from '../graph/composite.ts'
import { inputNode, type Node } from '../graph/node.ts'
import { scalar } from '../graph/ops/index.ts'
import { type Shape, sizeOf } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import type { Module } from '../nn/index.ts'
import { getDefaultGenerator, noGrad, Tensor } from '../tensor/index.ts'
import { withdraw } from '../tensor/pending.ts'
import { traced } from '../tensor/trace.ts'

/** What a network records for inputs of given shapes. */
export interface ForwardTrace {
  readonly inputs: readonly Node[]
  readonly outputs: readonly Node[]
  /** New values of buffers that the network updates, by the buffers' names. */
  readonly updates: ReadonlyMap<string, Node>
  readonly composites: ReadonlyMap<Node, Composite>
  /** Leaves with random contents, drawn while it was recorded. */
  readonly drawn: ReadonlySet<Node>
  /** The dotted name of the module in whose forward a node was made. */
  readonly moduleOf: (node: Node) => string
}

export type Forward = (...inputs: Tensor[]) => Tensor | readonly Tensor[]

/**
 * Records a network's forward, in training or in evaluation, without computing it. The network stays as it is: modes,
 * buffers and the default generator are put back.
 */
export function traceForward(
  network: Module,
  forward: Forward,
  shapes: readonly Shape[],
  training: boolean,
): ForwardTrace {
  const modules = network.namedModules()
  const modes = modules.map(([, module]) => module.training)
  const buffers = network.namedBuffers()
  const before = buffers.map(([, buffer]) => buffer.node)
  const generator = getDefaultGenerator()
  const state = generator.state()
  const places = new Places()
  const restore = modules.map(([path, module]) => places.watch(path, module))
  for (const [, module] of modules) module.training = training
  try {
    // Never filled, as nothing is computed from them.
    const inputs = shapes.map((shape) => {
      const storage = new HostStorage('float32', { size: sizeOf(shape), fill: () => undefined })
      return new Tensor(inputNode(storage, shape))
    })
    const { result, composites } = recordComposites(() => traced(() => noGrad(() => forward(...inputs))))
    const outputs = result.result instanceof Tensor ? [result.result] : result.result
    if (!Array.isArray(outputs) || outputs.length === 0 || !outputs.every((y) => y instanceof Tensor)) {
      throw new TypeError(
        'exportOnnx: the network gives neither a tensor nor a list of tensors; pass `forward`',
      )
    }
    const updates = buffers.flatMap(([name, { node }], i): [string, Node][] =>
      node === before[i] ? [] : [[name, node]],
    )
    return {
      inputs: inputs.map(({ node }) => node),
      outputs: outputs.map(({ node }) => node),
      updates: new Map(updates),
      composites,
      drawn: new Set(result.trace.refreshers.keys()),
      moduleOf: (node) => places.of(node),
    }
  } finally {
    for (const undo of restore) undo()
    for (const [i, [, module]] of modules.entries()) module.training = modes[i]!
    for (const [, { binding }] of buffers) withdraw(binding)
    generator.restore(state)
  }
}

/** Which module's forward was running when a node was made: ids of nodes grow. */
class Places {
  readonly #from: number[] = [-1]
  readonly #paths: string[] = ['']
  readonly #running: string[] = ['']

  /** Notes when the module's forward begins and ends, until the function returned is called. */
  watch(path: string, module: Module): () => void {
    const { forward } = module
    const replace = (value: unknown): void => {
      Object.defineProperty(module, 'forward', { value, writable: true, configurable: true })
    }
    replace((...inputs: unknown[]) => {
      this.#running.push(path)
      this.#note(path)
      try {
        return forward(...inputs)
      } finally {
        this.#running.pop()
        this.#note(this.#running.at(-1)!)
      }
    })
    return () => replace(forward)
  }

  #note(path: string): void {
    this.#from.push(scalar(0, 'float32').id)
    this.#paths.push(path)
  }

  of({ id }: Node): string {
    let [low, high] = [0, this.#from.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#from[middle]! < id) low = middle
      else high = middle - 1
    }
    return this.#paths[low]!
  }
}
