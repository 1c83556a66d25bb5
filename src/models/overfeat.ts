import { Conv2d, Dropout, init, MaxPool2d, type Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { OverFeatName } from './overfeat.metadata.ts'

export interface OverFeatOptions extends NetworkOptions {
  /** Of the two hidden layers of the head. */
  readonly dropout?: number
}

/** The size of a max pool's window, which is its stride too; or a convolution. */
type Layer =
  | number
  | { readonly out: number; readonly kernel: number; readonly stride?: number; readonly padding?: number }

interface OverFeatSpec {
  readonly layers: readonly Layer[]
  /** The map that the head's first convolution covers, and that layer's channels. */
  readonly head: readonly [kernel: number, channels: number]
}

/**
 * OverFeat (Sermanet et al. 2013), a network of convolutions alone: of an image larger than its own size (231 pixels the fast
 * one, 221 the accurate one) `scoreMap` gives the scores of every window of that size, 32 or 36 pixels apart (what lies around
 * a window takes the place of padding), and `forward` the largest of each class, as the paper joins them (section 3.3).
 */
export class OverFeat extends Network {
  features: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(
    spec: OverFeatSpec,
    { numClasses = 1000, inChannels = 3, dropout = 0.5 }: OverFeatOptions = {},
  ) {
    super()
    this.numClasses = numClasses
    const layers: Module[] = []
    const featureInfo: FeatureInfo[] = []
    let channels = inChannels
    let stride = 1
    for (const layer of spec.layers) {
      if (typeof layer === 'number') {
        featureInfo.push({ name: `features.${layers.length - 1}`, channels, stride })
        layers.push(new MaxPool2d(layer))
        stride *= layer
      } else {
        const { out, kernel, ...shape } = layer
        layers.push(new Conv2d(channels, out, kernel, shape), new ReLU())
        channels = out
        stride *= shape.stride ?? 1
      }
    }
    this.features = new Sequential(...layers)
    this.featureInfo = featureInfo
    const [kernel, width] = spec.head
    this.classifier = new Sequential(
      new Conv2d(channels, width, kernel),
      new ReLU(),
      new Dropout(dropout),
      new Conv2d(width, 4096, 1),
      new ReLU(),
      new Dropout(dropout),
      new Conv2d(4096, numClasses, 1),
    )
    for (const module of this.modules()) if (module instanceof Conv2d) initialize(module)
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x)
  }

  /** The largest score of each class over all windows; the descriptor likewise. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const map: Tensor = preLogits ? this.classifier.forwardRange(x, 0, 6) : this.classifier.forward(x)
    return map.amax([2, 3])
  }

  /** The scores [batch, numClasses, rows, columns] of all windows of the network's size. */
  scoreMap(x: Tensor): Tensor {
    return this.classifier.forward(this.forwardFeatures(x))
  }

  classifierNames(): readonly string[] {
    return ['classifier.6']
  }

  override headNames(): readonly string[] {
    return ['classifier']
  }

  protected override initializeClassifier(layer: Conv2d): void {
    initialize(layer)
  }
}

/** Section 3.2: N(0, 0.01). */
function initialize(layer: Conv2d): void {
  init.normal(layer.weight, 0, 0.01)
  init.zeros(layer.bias!)
}

/** A parameter's place in a raw file of weights: `offset` counts values of float32 before it. */
export interface RawParameter {
  readonly name: string
  readonly shape: readonly number[]
  readonly offset: number
}

/**
 * Where the released files of raw float32 values hold each parameter: layer by layer, weights [out, in, height, width] before
 * biases, nothing between them.
 */
export function parameterLayout(network: OverFeat): RawParameter[] {
  let offset = 0
  return network.namedParameters().map(([name, { shape, size }]) => {
    const entry = { name, shape, offset }
    offset += size
    return entry
  })
}

const specs: Readonly<Record<OverFeatName, OverFeatSpec>> = {
  overfeat_fast: {
    layers: [
      { out: 96, kernel: 11, stride: 4 },
      2,
      { out: 256, kernel: 5 },
      2,
      { out: 512, kernel: 3, padding: 1 },
      { out: 1024, kernel: 3, padding: 1 },
      { out: 1024, kernel: 3, padding: 1 },
      2,
    ],
    head: [6, 3072],
  },
  overfeat_accurate: {
    layers: [
      { out: 96, kernel: 7, stride: 2 },
      3,
      { out: 256, kernel: 7 },
      2,
      { out: 512, kernel: 3, padding: 1 },
      { out: 512, kernel: 3, padding: 1 },
      { out: 1024, kernel: 3, padding: 1 },
      { out: 1024, kernel: 3, padding: 1 },
      3,
    ],
    head: [5, 4096],
  },
}

const options: OptionKinds<OverFeatOptions> = { ...networkOptions, dropout: 'probability' }

const variant = (spec: OverFeatSpec): Variant<OverFeatOptions> => ({
  options,
  create: (given) => new OverFeat(spec, given),
})

export const variants: Readonly<Record<OverFeatName, Variant<OverFeatOptions>>> = {
  overfeat_fast: variant(specs.overfeat_fast),
  overfeat_accurate: variant(specs.overfeat_accurate),
}
