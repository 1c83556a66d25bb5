import { ModuleList } from '../nn/index.ts'
import { checkpoint, isGradEnabled, type Tensor } from '../tensor/index.ts'
import type { DarknetConfig, DarknetSection } from './darknet-config.ts'
import { type DarknetBoxes, DarknetConvolution, type DarknetYolo, darknetModule } from './darknet-sections.ts'
import { type FeatureInfo, type HeadOptions, Network } from './network.ts'

/** A section, the places of the layers that it takes (-1 is the image), and what comes out. */
interface Layer {
  readonly section: DarknetSection
  readonly inputs: readonly number[]
  readonly channels: number
  readonly stride: number
}

function layersOf(sections: readonly DarknetSection[], inChannels: number): Layer[] {
  const image = { channels: inChannels, stride: 1 }
  const layers: Layer[] = []
  for (const [place, section] of sections.entries()) {
    const at = (reference: number): number => {
      const absolute = reference < 0 ? place + reference : reference
      if (Number.isInteger(absolute) && absolute >= 0 && absolute < place) return absolute
      throw new RangeError(
        `Darknet: layer ${place} (${section.type}) refers to layer ${absolute}, which is not before it`,
      )
    }
    const { channels, stride } = layers.at(-1) ?? image
    const own = [place - 1]
    switch (section.type) {
      case 'convolutional':
        layers.push({ section, inputs: own, channels: section.filters, stride: stride * section.stride })
        break
      case 'maxpool':
        layers.push({ section, inputs: own, channels, stride: stride * section.stride })
        break
      case 'upsample':
        layers.push({ section, inputs: own, channels, stride: stride / section.stride })
        break
      case 'route': {
        const inputs = section.layers.map(at)
        const all = inputs.reduce((sum, input) => sum + layers[input]!.channels, 0)
        layers.push({ section, inputs, channels: all / section.groups, stride: layers[inputs[0]!]!.stride })
        break
      }
      case 'shortcut':
        layers.push({ section, inputs: [place - 1, at(section.from)], channels, stride })
        break
      default:
        layers.push({ section, inputs: own, channels, stride })
    }
  }
  return layers
}

/** The places of the convolutions that give the classes: those before the boxes of a detector, else the last one. */
function outputPlaces(sections: readonly DarknetSection[]): readonly number[] {
  const boxes = sections.flatMap(({ type }, place) => (type === 'yolo' ? [place - 1] : []))
  const places = boxes.length > 0 ? boxes : [sections.findLastIndex(({ type }) => type === 'convolutional')]
  for (const place of places) {
    if (sections[place]?.type !== 'convolutional') {
      throw new Error(`Darknet: layer ${place} must be a convolution that gives the classes or boxes`)
    }
  }
  return places
}

function backboneOf({ sections, backbone }: DarknetConfig): number {
  if (backbone !== undefined) return backbone
  const detects = sections.some(({ type }) => type === 'yolo')
  const head = detects
    ? sections.findIndex(({ type }) => type === 'upsample' || type === 'yolo')
    : sections.findLastIndex(({ type }) => type === 'avgpool')
  return Math.min(...outputPlaces(sections), head < 0 ? sections.length : head) - 1
}

export interface DarknetOptions {
  /** Those of the configuration unless given. */
  readonly numClasses?: number
  readonly inChannels?: number
}

/**
 * A network of Darknet (Redmon 2013) as its configuration lists it: layer N is `module_list.N`, and parameters come in the
 * order of a .weights file. The stages are those of the backbone. Images of any size whose maps fit together where they
 * meet: multiples of 32 pixels a side always do.
 */
abstract class DarknetNetwork extends Network {
  module_list: ModuleList
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  /** The places of the convolutions that give the classes. */
  protected readonly outputs: readonly number[]
  /** The place of the last layer before the head. */
  protected readonly backbone: number
  readonly #layers: readonly Layer[]
  readonly #ends: readonly number[]

  constructor(config: DarknetConfig, { numClasses, inChannels = config.channels }: DarknetOptions) {
    super()
    const layers = layersOf(config.sections, inChannels)
    this.numClasses = numClasses ?? this.classesOf(config.sections)
    this.outputs = outputPlaces(config.sections)
    this.backbone = backboneOf(config)
    this.#layers = layers
    this.module_list = new ModuleList(
      layers.map(({ section }, place) => darknetModule(section, layers[place - 1]?.channels ?? inChannels)),
    )
    // A stage ends where the next layer strides.
    this.#ends = [...layers.keys()].filter(
      (place) =>
        place === this.backbone ||
        (place < this.backbone && layers[place + 1]!.stride > layers[place]!.stride),
    )
    this.featureInfo = this.#ends.map((place) => {
      const { channels, stride } = layers[place]!
      return { name: `module_list.${place}`, channels, stride }
    })
    if (numClasses !== undefined) this.resetClassifier(numClasses)
  }

  /** The number of classes of a configuration. */
  protected abstract classesOf(sections: readonly DarknetSection[]): number

  /** The channels that the convolution of a place needs for a number of classes. */
  protected abstract outputChannels(place: number, numClasses: number): number

  /** The outputs of the layers up to one: of the last of each stage, and of those that later layers take, by place. */
  protected run(x: Tensor, last: number): ReadonlyMap<number, Tensor> {
    const outputs = new Map([[-1, x]])
    let start = 0
    for (const end of [...this.#ends.filter((end) => end < last), last]) {
      const places = Array.from({ length: end - start + 1 }, (_, i) => start + i)
      const kept = places.filter((place) => place === end || this.#isTakenAfter(place, end))
      const compute = (): Tensor[] => {
        const all = new Map(outputs)
        for (const place of places) {
          const inputs = this.#layers[place]!.inputs.map((input) => all.get(input)!)
          all.set(place, this.module_list.get(place).forward(...inputs))
        }
        return kept.map((place) => all.get(place)!)
      }
      const values = this.gradientCheckpointing && this.training ? checkpoint(compute) : compute()
      for (const [i, place] of kept.entries()) outputs.set(place, values[i]!)
      start = end + 1
    }
    return outputs
  }

  #isTakenAfter(place: number, end: number): boolean {
    return (
      this.outputs.includes(place) || this.#layers.some(({ inputs }, i) => i > end && inputs.includes(place))
    )
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.run(x, this.backbone).get(this.backbone)!
  }

  classifierNames(): readonly string[] {
    return this.outputs.map((place) => `module_list.${place}.Conv2d`)
  }

  override headNames(): readonly string[] {
    return this.module_list
      .keys()
      .slice(this.backbone + 1)
      .map((name) => `module_list.${name}`)
  }

  override resetClassifier(numClasses: number): void {
    this.numClasses = numClasses
    for (const place of this.outputs) {
      const { section, Conv2d } = this.module_list.get(place) as DarknetConvolution
      const filters = this.outputChannels(place, numClasses)
      const fresh = new DarknetConvolution(Conv2d.inChannels, { ...section, filters })
      this.setSubmodule(`module_list.${place}`, fresh)
    }
  }
}

/** A classifier of Darknet; gives logits, before the softmax. */
export class DarknetClassifier extends DarknetNetwork {
  constructor(config: DarknetConfig, options: DarknetOptions = {}) {
    super(config, options)
  }

  protected override classesOf(sections: readonly DarknetSection[]): number {
    const section = sections[outputPlaces(sections)[0]!]!
    return section.type === 'convolutional' ? section.filters : 0
  }

  protected override outputChannels(_place: number, numClasses: number): number {
    return numClasses
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const stop = preLogits ? this.outputs[0]! : this.module_list.length
    let y = x
    for (let place = this.backbone + 1; place < stop; place++) y = this.module_list.get(place).forward(y)
    return y.mean([2, 3])
  }
}

const yoloAfter = (modules: ModuleList, place: number): DarknetYolo => modules.get(place + 1) as DarknetYolo

/** A YOLO detector of Darknet (Redmon and Farhadi 2018, Bochkovskiy et al. 2020). */
export class DarknetDetector extends DarknetNetwork {
  constructor(config: DarknetConfig, options: DarknetOptions = {}) {
    super(config, options)
  }

  protected override classesOf(sections: readonly DarknetSection[]): number {
    const section = sections.find(({ type }) => type === 'yolo')
    return section?.type === 'yolo' ? section.classes : 0
  }

  protected override outputChannels(place: number, numClasses: number): number {
    return yoloAfter(this.module_list, place).section.anchors.length * (5 + numClasses)
  }

  override get separateHead(): boolean {
    return false
  }

  forwardHead(): never {
    throw new Error('DarknetDetector: the head takes the maps of several stages; use forwardAll(images)')
  }

  /** No output is the scores of one class for the whole image. */
  override get lossWeights(): readonly number[] {
    return [0]
  }

  /** The raw map of each scale, [batch, anchors * (5 + classes), rows, columns], in the order of the configuration. */
  maps(x: Tensor): readonly Tensor[] {
    const outputs = this.run(x, this.module_list.length - 1)
    return this.outputs.map((place) => outputs.get(place)!)
  }

  /** The boxes of each scale, in the order of the configuration. */
  boxes(x: Tensor): readonly DarknetBoxes[] {
    return this.#decode(this.maps(x), x)
  }

  #decode(maps: readonly Tensor[], x: Tensor): readonly DarknetBoxes[] {
    const [height, width] = x.shape.slice(-2) as [number, number]
    return maps.map((map, i) => yoloAfter(this.module_list, this.outputs[i]!).decode(map, height, width))
  }

  /** The raw map of the first scale, which is the coarsest in YOLOv3. */
  override forward(x: Tensor): Tensor {
    return this.maps(x)[0]!
  }

  /**
   * The raw maps; in evaluation without gradients (`noGrad`) then the centers, sizes and scores of each scale's boxes, as
   * `boxes` gives them.
   */
  override forwardAll(x: Tensor): readonly Tensor[] {
    const maps = this.maps(x)
    if (this.training || isGradEnabled()) return maps
    return [
      ...maps,
      ...this.#decode(maps, x).flatMap(({ centers, sizes, scores }) => [centers, sizes, scores]),
    ]
  }
}

/** The network of a configuration, such as `parseDarknetConfig` reads: a detector if it gives boxes, else a classifier. */
export function createDarknet(
  config: DarknetConfig,
  options: DarknetOptions = {},
): DarknetClassifier | DarknetDetector {
  const detects = config.sections.some(({ type }) => type === 'yolo')
  return detects ? new DarknetDetector(config, options) : new DarknetClassifier(config, options)
}
