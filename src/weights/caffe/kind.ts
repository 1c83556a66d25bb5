import { type Blob, type Extent, Layer, type LayerGraph } from '../layers/graph.ts'
import type { Message } from './message.ts'
import type { LayerEntry } from './net.ts'

/** What a layer knows of the network around it. */
export interface Surroundings {
  /** The number of images that the file is written for; null where it does not say. What is given may have another. */
  readonly batch: Extent
  /** How many layers take a blob of a name. */
  readonly uses: ReadonlyMap<string, number>
}

/** A layer on its way into the graph. Sizes of a batch are null, since any will do. */
export class CaffeLayer extends Layer {
  readonly entry: LayerEntry
  readonly surroundings: Surroundings

  constructor(graph: LayerGraph, entry: LayerEntry, inputs: readonly Blob[], surroundings: Surroundings) {
    super(graph, entry.name, entry.type, inputs)
    this.entry = entry
    this.surroundings = surroundings
  }

  get outputs(): number {
    return this.entry.tops.length
  }

  /** Its settings, such as `pooling_param`; without any where the file has none. */
  settings(name: string): Message {
    return this.entry.message.message(name)
  }

  /** Whether nothing else than this layer takes the blob that it takes, and that a layer before it has made. */
  takesAlone(): boolean {
    const [bottom = ''] = this.entry.bottoms
    return this.entry.tops[0] === bottom || this.surroundings.uses.get(bottom) === 1
  }
}

export type Translate = (layer: CaffeLayer) => readonly Blob[]

/** A layer that does something to its one blob. */
export function each(translate: (layer: CaffeLayer, x: Blob) => Blob): Translate {
  return (layer) => [translate(layer, layer.input())]
}

/** A setting for height and width: the fields with _h and _w, or one that is repeated or for both. */
export function heightAndWidth(
  layer: CaffeLayer,
  settings: Message,
  name: string,
  prefix: string,
  otherwise: number,
): readonly [number, number] {
  const own = [settings.int(`${prefix}_h`, -1), settings.int(`${prefix}_w`, -1)]
  const values = settings.ints(name)
  const [first = otherwise, second = first] = values
  if (values.length > 2) layer.fail(`gives ${name} for ${values.length} dimensions; two are supported`)
  const both = [first, second].map((value, i) => (own[i]! >= 0 ? own[i]! : value)) as [number, number]
  if (both.some((value) => !(value >= 0 && value < 2 ** 20)))
    layer.fail(`has a ${name} of ${both.join(' x ')}`)
  return both
}
