import { Identity, type Module, ModuleList } from '../nn/index.ts'
import { checkpoint, isGradEnabled, type Tensor } from '../tensor/index.ts'
import { type DarknetConfig, type DarknetSection, darknetBoxTypes } from '../weights/darknet/config.ts'
import { type DarknetLayer, darknetBoxChannels, darknetLayers } from '../weights/darknet/layers.ts'
import { darknetParameters } from '../weights/darknet/parameters.ts'
import type { DarknetBoxes, DarknetBoxLayer } from './darknet-boxes.ts'
import { DarknetConvolution } from './darknet-convolution.ts'
import { DarknetConnected, darknetModule } from './darknet-sections.ts'
import { type FeatureInfo, type HeadOptions, Network } from './network.ts'

const givesBoxes = ({ type }: DarknetSection): boolean => darknetBoxTypes.includes(type)

const isParametric = ({ type }: DarknetSection): boolean => type === 'convolutional' || type === 'connected'

/** The places of the layers that give the classes: those before the boxes of a detector, else the last one. */
function outputPlaces(sections: readonly DarknetSection[]): readonly number[] {
  const boxes = sections.flatMap((section, place) => (givesBoxes(section) ? [place - 1] : []))
  const places = boxes.length > 0 ? boxes : [sections.findLastIndex(isParametric)]
  for (const place of places) {
    if (sections[place] === undefined || !isParametric(sections[place])) {
      throw new Error(`Darknet: layer ${place} must be a convolution that gives the classes or boxes`)
    }
  }
  return places
}

function backboneOf({ sections, backbone }: DarknetConfig, layers: readonly DarknetLayer[]): number {
  if (backbone !== undefined) return backbone
  const detects = sections.some(givesBoxes)
  const vector = sections.findIndex(({ type }) => type === 'connected' || type === 'local')
  const head = detects
    ? sections.findIndex((section) => section.type === 'upsample' || givesBoxes(section))
    : sections.findLastIndex(({ type }) => type === 'avgpool')
  const ends = [head, vector].filter((place) => place >= 0)
  const last = Math.max(Math.min(...outputPlaces(sections), ...ends) - 1, 0)
  // The head of a classifier is computed from the backbone's map alone: each of its layers takes that before it.
  const joins = layers.findLastIndex(({ inputs, place }) => inputs.some((input) => input !== place - 1))
  return detects ? last : Math.max(last, joins)
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
  readonly #layers: readonly DarknetLayer[]
  readonly #ends: readonly number[]
  #config: DarknetConfig

  constructor(config: DarknetConfig, { numClasses, inChannels = config.channels }: DarknetOptions) {
    super()
    const layers = darknetLayers(config, { inChannels })
    // Throws for more parameters than can be, before any of them is allocated.
    darknetParameters(config)
    this.#config = config
    this.numClasses = numClasses ?? this.classesOf(config.sections)
    this.outputs = outputPlaces(config.sections)
    this.backbone = backboneOf(config, layers)
    this.#layers = layers
    const modules: Module[] = []
    for (const layer of layers) modules.push(darknetModule(layer, modules))
    this.module_list = new ModuleList(modules)
    // A stage ends where the next layer strides.
    this.#ends = [...layers.keys()].filter(
      (place) =>
        place === this.backbone ||
        (place < this.backbone && layers[place + 1]!.stride > layers[place]!.stride),
    )
    this.featureInfo = this.#ends.map((place) => {
      const { out, stride } = layers[place]!
      return { name: `module_list.${place}`, channels: out.channels, stride }
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

  /** What the network is built from, with the classes that it has now, and without normalizations that were fused. */
  get config(): DarknetConfig {
    const sections = this.#config.sections.map((section, place) => {
      if (section.type !== 'convolutional' || !section.batchNormalize) return section
      const module = this.module_list.get(place)
      const fused = module instanceof DarknetConvolution && module.BatchNorm2d instanceof Identity
      return fused ? { ...section, batchNormalize: false } : section
    })
    return { ...this.#config, sections }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.run(x, this.backbone).get(this.backbone)!
  }

  override fileLayout(): { readonly darknet: DarknetConfig } {
    return { darknet: this.config }
  }

  classifierNames(): readonly string[] {
    return this.outputs.map((place) => {
      const own = this.#config.sections[place]!.type === 'connected' ? 'Linear' : 'Conv2d'
      return `module_list.${place}.${own}`
    })
  }

  override headNames(): readonly string[] {
    return this.module_list
      .keys()
      .slice(this.backbone + 1)
      .map((name) => `module_list.${name}`)
  }

  override resetClassifier(numClasses: number): void {
    this.numClasses = numClasses
    const sections = [...this.#config.sections]
    for (const place of this.outputs) {
      const channels = this.outputChannels(place, numClasses)
      const layer = this.module_list.get(place)
      const fresh =
        layer instanceof DarknetConnected
          ? new DarknetConnected(layer.Linear.inFeatures, { ...layer.section, output: channels })
          : freshConvolution(layer as DarknetConvolution, channels)
      this.setSubmodule(`module_list.${place}`, fresh)
      sections[place] = fresh.section
      const boxes = sections[place + 1]
      if (boxes !== undefined && 'classes' in boxes) sections[place + 1] = { ...boxes, classes: numClasses }
    }
    this.#config = { ...this.#config, sections }
  }
}

function freshConvolution({ section, Conv2d }: DarknetConvolution, filters: number): DarknetConvolution {
  return new DarknetConvolution(Conv2d.inChannels, { ...section, filters })
}

/** A classifier of Darknet; gives logits, before the softmax. */
export class DarknetClassifier extends DarknetNetwork {
  constructor(config: DarknetConfig, options: DarknetOptions = {}) {
    super(config, options)
  }

  protected override classesOf(sections: readonly DarknetSection[]): number {
    const section = sections[outputPlaces(sections)[0]!]!
    return section.type === 'convolutional'
      ? section.filters
      : section.type === 'connected'
        ? section.output
        : 0
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

const boxesAfter = (modules: ModuleList, place: number): DarknetBoxLayer =>
  modules.get(place + 1) as DarknetBoxLayer

/** A YOLO detector of Darknet (Redmon and Farhadi 2018, Bochkovskiy et al. 2020). */
export class DarknetDetector extends DarknetNetwork {
  constructor(config: DarknetConfig, options: DarknetOptions = {}) {
    super(config, options)
  }

  protected override classesOf(sections: readonly DarknetSection[]): number {
    const section = sections.find(givesBoxes)
    return section !== undefined && 'classes' in section ? section.classes : 0
  }

  protected override outputChannels(place: number, numClasses: number): number {
    return darknetBoxChannels(this.config.sections[place + 1]!, numClasses)
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
    return maps.map((map, i) => boxesAfter(this.module_list, this.outputs[i]!).decode(map, height, width))
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
  const detects = config.sections.some(givesBoxes)
  return detects ? new DarknetDetector(config, options) : new DarknetClassifier(config, options)
}
