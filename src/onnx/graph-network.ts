import type { LoadResult, LoadSource } from '../nn/load-state.ts'
import { Module } from '../nn/module.ts'
import type { Buffer, Parameter } from '../nn/parameter.ts'
import { Tensor } from '../tensor/index.ts'
import { changeMode } from '../tensor/trace.ts'
import { checkOperators } from './check.ts'
import { type Constants, gatherConstants } from './constants.ts'
import { GraphError } from './errors.ts'
import type { GraphModel, GraphValue } from './model.ts'
import { runGraph, Scope } from './run.ts'
import { asTensor, HostValue, type Value, withType } from './value.ts'

/**
 * A network read from a file, run operator by operator. Its initializers are parameters and buffers under the names that
 * they have in the file, in the same order; so it trains, and saves, as any other module does. Made by
 * `createGraphNetwork`.
 */
export class GraphNetwork extends Module {
  readonly model: GraphModel
  readonly #constants: Constants
  readonly #variables: ReadonlyMap<string, Parameter | Buffer>

  constructor(model: GraphModel, constants: Constants) {
    super()
    this.model = model
    this.#constants = constants
    this.#variables = constants.variables
  }

  /** What has to be given, in the order of `forward`'s arguments, with element types and shapes as far as the file says. */
  get inputs(): readonly GraphValue[] {
    return this.model.graph.inputs
  }

  get outputs(): readonly GraphValue[] {
    return this.model.graph.outputs
  }

  get inputNames(): string[] {
    return this.inputs.map(({ name }) => name)
  }

  get outputNames(): string[] {
    return this.outputs.map(({ name }) => name)
  }

  /** The first output. A GraphError says which node cannot be run, and why. */
  override forward(...inputs: (Tensor | HostValue)[]): Tensor {
    const [first] = this.#run(inputs)
    return asTensor(first ?? this.#none())
  }

  /** All outputs, in the order of `outputNames`. */
  forwardAll(...inputs: (Tensor | HostValue)[]): Tensor[] {
    return this.#run(inputs).map(asTensor)
  }

  /** As `forwardAll`, but outputs whose values follow from shapes and constants alone are given as such. */
  forwardValues(...inputs: (Tensor | HostValue)[]): (Tensor | HostValue)[] {
    return [...this.#run(inputs)]
  }

  #none(): never {
    throw new GraphError(`the graph ${this.model.graph.name} has no output`)
  }

  #run(inputs: readonly Value[]): readonly Value[] {
    const wanted = this.inputs
    if (inputs.length !== wanted.length) {
      throw new GraphError(
        `the network takes ${wanted.length} inputs (${this.inputNames.join(', ')}), got ${inputs.length}`,
      )
    }
    const known = new Scope(this.#constants.values)
    for (const [i, { name, type }] of wanted.entries()) {
      const input = inputs[i]
      if (!(input instanceof Tensor || input instanceof HostValue)) {
        throw new TypeError(`input ${name} must be a tensor, got ${typeof input}`)
      }
      known.set(name, input instanceof Tensor && type !== null ? withType(input, type) : input)
    }
    return runGraph(this.model.graph, known, this.model.opset, this.training, this.#constants)
  }

  override extraRepr(): string {
    return `${this.model.graph.nodes.length} nodes, (${this.inputNames.join(', ')}) -> (${this.outputNames.join(', ')})`
  }

  protected override members(): Iterable<readonly [name: string, value: unknown]> {
    return this.#variables
  }

  /** Parameters and buffers in the order of the file. */
  override stateDict(): Map<string, Tensor> {
    super.stateDict()
    return new Map(this.#variables)
  }

  override loadStateDict(
    source: ReadonlyMap<string, LoadSource>,
    options: { readonly strict?: boolean; readonly assign?: boolean } = {},
  ): LoadResult {
    // Shapes and other constants of the file are no state, but a file has them beside it.
    const state = new Map([...source].filter(([name]) => !this.#constants.fixed.has(name)))
    const result = super.loadStateDict(state, options)
    this.#constants.refresh()
    changeMode()
    return result
  }
}

/**
 * Reads the weights of a graph and makes it a module. Throws a GraphError that lists every operator that is not supported,
 * or a CheckpointError where the file does not hold what it says.
 */
export async function createGraphNetwork(model: GraphModel): Promise<GraphNetwork> {
  checkOperators(model)
  const { constants, state } = await gatherConstants(model)
  const network = new GraphNetwork(model, constants)
  network.loadStateDict(state, { assign: true })
  return network
}
