import { type Blob, Layer, type LayerGraph } from '../layers/graph.ts'
import { clip, hardSwish, mish, relu } from '../layers/operators.ts'
import type { WeightPart } from './bin.ts'
import type { LayerLine, Params } from './param.ts'

/** What a type of layer reads of the .bin file, and the operators that do what it does. */
export interface Kind {
  readonly parts?: (line: LayerLine, fail: (what: string) => never) => WeightPart[]
  /** One value for each blob that the layer makes. */
  readonly translate: (layer: NcnnLayer) => readonly Blob[]
}

/** A layer on its way into the graph. Its blobs have a batch before ncnn's own one to four dimensions. */
export class NcnnLayer extends Layer {
  readonly params: Params
  /** How many blobs it makes. */
  readonly outputs: number

  constructor(graph: LayerGraph, line: LayerLine, inputs: readonly Blob[]) {
    super(graph, line.name, line.type, inputs)
    this.params = line.params
    this.outputs = line.tops.length
  }

  /** Where an axis of ncnn's, which does not count the batch, lies in a blob with one. */
  blobAxis(axis: number, rank: number = this.input().shape.length): number {
    return this.axis(axis < 0 ? axis + rank : axis + 1, rank)
  }
}

/** A layer that does something to its one blob. */
export function each(translate: (layer: NcnnLayer, x: Blob) => Blob): Kind {
  return { translate: (layer) => [translate(layer, layer.input())] }
}

/** What convolutions and inner products do to their result (parameters 9 and 10). */
export function activate(layer: NcnnLayer, x: Blob): Blob {
  const kind = layer.params.int(9, 0)
  const [a = Number.NaN, b = Number.NaN] = layer.params.list(10)
  const wanted = kind === 2 ? [a] : kind === 3 || kind === 6 ? [a, b] : []
  if (wanted.some(Number.isNaN)) layer.fail(`has too few parameters for its activation ${kind}`)
  switch (kind) {
    case 0:
      return x
    case 1:
      return relu(layer, x)
    case 2:
      return relu(layer, x, a)
    case 3:
      return clip(layer, x, a, b)
    case 4:
      return layer.add('Sigmoid', [x], x.shape)
    case 5:
      return mish(layer, x)
    case 6:
      return hardSwish(layer, x, a, b)
    default:
      return layer.fail(`has an activation of unknown kind ${kind}`)
  }
}

/** A count that sizes arrays: at least one. */
export function positive(value: number, what: string, fail: (what: string) => never): number {
  return value >= 1 ? value : fail(`${what} is ${value}`)
}

/** Arrays of one number a channel. */
export function channelParts(channels: number, names: readonly string[]): WeightPart[] {
  return names.map((name) => ({ name, shape: [channels] }))
}
