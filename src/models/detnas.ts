import { BatchNorm2d, Conv2d, Dropout2d, F, Linear, Module, ReLU, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  ConvNormAct,
  evenAndOddChannels,
  initializeShuffleNet,
  initializeShuffleNetClassifier,
} from './blocks/index.ts'
import type { DetNASName } from './detnas.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

/** How a unit of stride 1 takes half of the channels: the odd ones, or the second half after two groups were interleaved. */
export type DetNASShuffle = 'evenOdd' | 'interleaved'

export interface DetNASOptions extends NetworkOptions {
  /** Of whole channels, before the pooling. */
  readonly dropout?: number
  /** 'evenOdd' unless given, as the released networks; 'interleaved' is the supernet's on ImageNet. */
  readonly channelShuffle?: DetNASShuffle
}

/** The search space by the digits of a genotype; the last is three depthwise convolutions. */
const choices = ['shufflenet_3x3', 'shufflenet_5x5', 'shufflenet_7x7', 'xception_3x3'] as const

interface DepthwiseSpec {
  readonly kernel: number
  readonly stride: number
}

/** Layers named after their place; a depthwise convolution (where there is one) before the 1x1, both normalized. */
function namedLayers(
  place: string,
  inChannels: number,
  outChannels: number,
  depthwise: DepthwiseSpec | null,
  rectified: boolean,
): Sequential {
  const layers: [string, Module][] = []
  if (depthwise) {
    const { kernel, stride } = depthwise
    const padding = (kernel - 1) / 2
    layers.push(
      [
        `interstellar${place}_s`,
        new Conv2d(inChannels, inChannels, kernel, { stride, padding, groups: inChannels, bias: false }),
      ],
      [`interstellar${place}_s_bn`, new BatchNorm2d(inChannels)],
    )
  }
  layers.push(
    [`interstellar${place}`, new Conv2d(inChannels, outChannels, 1, { bias: false })],
    [`bn${place}`, new BatchNorm2d(outChannels)],
  )
  if (rectified) layers.push([`relu${place}`, new ReLU()])
  return new Sequential(...layers)
}

/** ShuffleNet V2's unit of searched depthwise kernel, or with three separable convolutions. */
class SearchedUnit extends Module {
  conv: Sequential
  proj_conv: Sequential | null
  readonly #shuffle: DetNASShuffle

  constructor(
    place: string,
    choice: (typeof choices)[number],
    inChannels: number,
    outChannels: number,
    stride: 1 | 2,
    shuffle: DetNASShuffle,
  ) {
    super()
    const middle = Math.floor(outChannels / 2)
    const kernel = Number(choice.at(-1))
    const [taken, given] = stride === 2 ? [inChannels, outChannels - inChannels] : [middle, middle]
    const branch = `${place}_${choice}_branch2`
    const next: DepthwiseSpec = { kernel, stride: 1 }
    this.conv = choice.startsWith('xception')
      ? new Sequential(
          namedLayers(`${branch}a`, taken, middle, { kernel, stride }, true),
          namedLayers(`${branch}b`, middle, middle, next, true),
          namedLayers(`${branch}c`, middle, given, next, false),
        )
      : new Sequential(
          namedLayers(`${branch}a`, taken, middle, null, true),
          namedLayers(`${branch}b`, middle, given, { kernel, stride }, false),
        )
    this.proj_conv =
      stride === 2 ? namedLayers(`${place}_proj`, inChannels, inChannels, { kernel, stride }, true) : null
    this.#shuffle = shuffle
  }

  override forward(x: Tensor): Tensor {
    const [passed, processed] = this.proj_conv ? [this.proj_conv.forward(x) as Tensor, x] : this.#halves(x)
    const computed: Tensor = this.conv.forward(processed)
    return concat([passed, computed.relu()], 1)
  }

  #halves(x: Tensor): readonly [Tensor, Tensor] {
    return this.#shuffle === 'evenOdd'
      ? evenAndOddChannels(x)
      : (F.channelShuffle(x, 2).chunk(2, 1) as [Tensor, Tensor])
  }
}

class Classifier extends Module {
  fc: Linear

  constructor(inFeatures: number, outFeatures: number) {
    super()
    this.fc = new Linear(inFeatures, outFeatures)
  }

  override forward(x: Tensor): Tensor {
    return this.fc.forward(x)
  }
}

interface DetNASSpec {
  readonly stem: number
  readonly channels: readonly [number, number, number, number]
  readonly last: number
  /** A digit for each unit, stages apart. */
  readonly genotype: string
}

/**
 * DetNASNet (Chen et al. 2019), with the authors' names. With `featuresOnly` it is the backbone that their detectors have:
 * outputs of strides 4, 8, 16 and 32.
 */
export class DetNASNet extends Network {
  first_conv: ConvNormAct
  features: Sequential
  last_conv: ConvNormAct
  drop_out: Dropout2d
  fc: Classifier
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: DetNASSpec, options: DetNASOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropout = 0.2, channelShuffle = 'evenOdd' } = options
    this.numClasses = numClasses
    this.first_conv = new ConvNormAct(inChannels, spec.stem, 3, { stride: 2, bias: true })
    let channels = spec.stem
    const units: SearchedUnit[] = []
    const featureInfo: FeatureInfo[] = []
    for (const [i, digits] of spec.genotype.split(' ').entries()) {
      const outChannels = spec.channels[i]!
      for (const [j, digit] of [...digits].entries()) {
        const place = `${i + 1}${String.fromCharCode(97 + j)}`
        const choice = choices[Number(digit)]!
        units.push(new SearchedUnit(place, choice, channels, outChannels, j === 0 ? 2 : 1, channelShuffle))
        channels = outChannels
      }
      featureInfo.push({ name: `features.${units.length - 1}`, channels, stride: 4 * 2 ** i })
    }
    this.features = new Sequential(...units)
    this.last_conv = new ConvNormAct(channels, spec.last, 1, { bias: true })
    this.drop_out = new Dropout2d(dropout)
    this.fc = new Classifier(spec.last, numClasses)
    this.featureInfo = featureInfo
    initializeShuffleNet(this, this.first_conv)
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.last_conv.forward(this.stagesOf(this.features, this.first_conv.forward(x)))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    return preLogits ? x.mean([2, 3]) : this.fc.forward(this.drop_out.forward(x).mean([2, 3]))
  }

  classifierNames(): readonly string[] {
    return ['fc.fc']
  }

  override headNames(): readonly string[] {
    return ['last_conv', 'fc.fc']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeShuffleNetClassifier(layer)
  }
}

const options: OptionKinds<DetNASOptions> = {
  ...networkOptions,
  dropout: 'probability',
  channelShuffle: ['evenOdd', 'interleaved'],
}

const variant = (spec: DetNASSpec): Variant<DetNASOptions> => ({
  options,
  create: (given) => new DetNASNet(spec, given),
})

const small = { stem: 16, channels: [64, 160, 320, 640], last: 1024 } as const
const large = '00312102 03123320 2113202221310333 13333333'

export const variants: Readonly<Record<DetNASName, Variant<DetNASOptions>>> = {
  detnas_coco_fpn_300m: variant({ ...small, genotype: '2120 2112 33130031 3132' }),
  detnas_coco_retinanet_300m: variant({ ...small, genotype: '2311 3213 31113320 3333' }),
  'detnas_coco_fpn_1.3g': variant({
    stem: 48,
    channels: [96, 240, 480, 960],
    last: 1024,
    genotype: large,
  }),
  'detnas_coco_fpn_3.8g': variant({
    stem: 72,
    channels: [172, 432, 864, 1728],
    last: 1728,
    genotype: large,
  }),
}
