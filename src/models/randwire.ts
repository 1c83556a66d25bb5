import { BatchNorm2d, Conv2d, Linear, Module, ModuleList, type Parameter, parameter } from '../nn/index.ts'
import { type Tensor, zeros } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { RandWireName } from './randwire.metadata.ts'
import { type GraphOptions, graphsFrom, type WiredGraph } from './randwire-graphs.ts'

export { type GraphOptions, randomGraph, type WiredGraph } from './randwire-graphs.ts'

export interface RandWireOptions extends NetworkOptions, GraphOptions {
  /** The paper's C, on which all widths depend. */
  readonly channel?: number
  /** Another name of `numClasses`, the reference's. */
  readonly classes?: number
  /** Decides the graphs, unless they are given. */
  readonly seed?: number
  /** Of the graph of each stage; of the regular networks' first one half as many. */
  readonly nodes?: number
  /** The graphs of the stages. */
  readonly graph?: readonly WiredGraph[]
}

class SeparableConv extends Module {
  conv1: Conv2d
  pointwise: Conv2d

  constructor(from: number, to: number, stride: number) {
    super()
    this.conv1 = new Conv2d(from, from, 3, { stride, padding: 1, groups: from, bias: false })
    this.pointwise = new Conv2d(from, to, 1, { bias: false })
  }

  override forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.conv1.forward(x))
  }
}

/** A sum weighted by learned gates, one for each edge that comes in, and an activated separable convolution. */
class NodeOperation extends Module {
  agg_weight: Parameter | null
  conv: SeparableConv
  bn: BatchNorm2d

  constructor(edges: number, from: number, to: number, stride: number) {
    super()
    this.agg_weight = edges > 1 ? parameter(zeros([edges])) : null
    this.conv = new SeparableConv(from, to, stride)
    this.bn = new BatchNorm2d(to)
  }

  override forward(inputs: readonly Tensor[]): Tensor {
    const gates = this.agg_weight?.sigmoid()
    const weighted = gates ? inputs.map((input, i) => input.mul(gates.narrow(0, i, 1))) : inputs
    return this.bn.forward(this.conv.forward(weighted.reduce((a, b) => a.add(b)).relu()))
  }
}

/**
 * A stage wired as a graph: nodes without an edge coming in take the stage's input and stride, the mean over those without one
 * going out is its output.
 */
class WiredStage extends Module {
  nodes: ModuleList
  readonly #sources: readonly (readonly number[])[]
  readonly #outputs: readonly number[]

  constructor(from: number, to: number, { num_nodes: count, edges }: WiredGraph) {
    super()
    const sources: number[][] = Array.from({ length: count }, () => [])
    const ends = new Set(sources.keys())
    for (const [source, target] of edges) {
      if (!(source >= 0 && source < target && target < count)) {
        throw new RangeError(`RandWire: edge [${source}, ${target}] does not go up within ${count} nodes`)
      }
      sources[target]!.push(source)
      ends.delete(source)
    }
    this.#sources = sources
    this.#outputs = [...ends]
    this.nodes = new ModuleList(
      sources.map(({ length }) =>
        length === 0 ? new NodeOperation(0, from, to, 2) : new NodeOperation(length, to, to, 1),
      ),
    )
  }

  override forward(x: Tensor): Tensor {
    const outputs: Tensor[] = []
    for (const [i, sources] of this.#sources.entries()) {
      const inputs = sources.length === 0 ? [x] : sources.map((source) => outputs[source]!)
      outputs.push(this.nodes.get(i).forward(inputs))
    }
    const last = this.#outputs.map((node) => outputs[node]!)
    return last.reduce((a, b) => a.add(b)).div(last.length)
  }
}

interface RandWireSpec {
  readonly channel: number
  /** Four wired stages, instead of three after a second convolution. */
  readonly regular: boolean
}

/**
 * Randomly wired network (Xie et al. 2019). Its outputs are logarithms of probabilities, as the reference's, which cross-
 * entropy takes as well as scores.
 */
export class RandWire extends Network {
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d | null
  bn2: BatchNorm2d | null
  dagly2: WiredStage | null
  dagly3: WiredStage
  dagly4: WiredStage
  dagly5: WiredStage
  convlast: Conv2d
  bnlast: BatchNorm2d
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: RandWireSpec, options: RandWireOptions = {}) {
    super()
    const { classes = 1000, numClasses = classes, inChannels = 3, channel = spec.channel, seed = 0 } = options
    const { nodes = 32, model, p, m, k } = options
    const { regular } = spec
    const counts = [...(regular ? [Math.floor(nodes / 2)] : []), nodes, nodes, nodes]
    const chosen = Object.fromEntries(
      Object.entries({ model, p, m, k }).filter(([, value]) => value !== undefined),
    )
    const { graph = graphsFrom(seed, counts, chosen) } = options
    if (graph.length !== counts.length) {
      throw new RangeError(`RandWire: needs ${counts.length} graphs, one for each stage, got ${graph.length}`)
    }
    this.numClasses = numClasses
    const half = Math.floor(channel / 2)
    this.conv1 = new Conv2d(inChannels, half, 3, { stride: 2, padding: 1 })
    this.bn1 = new BatchNorm2d(half)
    this.conv2 = regular ? null : new Conv2d(half, channel, 3, { stride: 2, padding: 1 })
    this.bn2 = regular ? null : new BatchNorm2d(channel)
    const [first, ...others] = graph as readonly [WiredGraph, ...WiredGraph[]]
    this.dagly2 = regular ? new WiredStage(half, channel, first) : null
    const [third, fourth, fifth] = (regular ? others : graph) as readonly [WiredGraph, WiredGraph, WiredGraph]
    const width = regular ? 2 * channel : channel
    this.dagly3 = new WiredStage(channel, width, third)
    this.dagly4 = new WiredStage(width, 2 * width, fourth)
    this.dagly5 = new WiredStage(2 * width, 4 * width, fifth)
    this.convlast = new Conv2d(4 * width, 1280, 1)
    this.bnlast = new BatchNorm2d(1280)
    this.fc = new Linear(1280, numClasses)
    this.featureInfo = [
      { name: 'bn1', channels: half, stride: 2 },
      { name: regular ? 'dagly2' : 'bn2', channels: channel, stride: 4 },
      { name: 'dagly3', channels: width, stride: 8 },
      { name: 'dagly4', channels: 2 * width, stride: 16 },
      { name: 'dagly5', channels: 4 * width, stride: 32 },
    ]
  }

  forwardFeatures(x: Tensor): Tensor {
    const halved = this.bn1.forward(this.conv1.forward(x))
    const quartered: Tensor = this.dagly2
      ? this.stage(this.dagly2, halved)
      : this.bn2!.forward(this.conv2!.forward(halved.relu()))
    return [this.dagly3, this.dagly4, this.dagly5].reduce((y, layer) => this.stage(layer, y), quartered)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.bnlast.forward(this.convlast.forward(x.relu())).mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor).logSoftmax(1)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }

  override headNames(): readonly string[] {
    return ['convlast', 'bnlast', 'fc']
  }
}

const randwireOptions: OptionKinds<RandWireOptions> = {
  ...networkOptions,
  channel: 'count',
  classes: 'count',
  seed: 'number',
  nodes: 'count',
  graph: 'any',
  model: ['er', 'ba', 'ws'],
  p: 'probability',
  m: 'count',
  k: 'count',
}

const variant = (channel: number, regular: boolean): Variant<RandWireOptions> => ({
  options: randwireOptions,
  create: (options) => new RandWire({ channel, regular }, options),
})

export const variants: Readonly<Record<RandWireName, Variant<RandWireOptions>>> = {
  randwire_ws_small: variant(78, false),
  randwire_ws_regular_c109: variant(109, true),
  randwire_ws_regular_c154: variant(154, true),
}
