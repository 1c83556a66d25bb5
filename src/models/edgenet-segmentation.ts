import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  ChannelShuffle,
  Conv2d,
  F,
  init,
  Module,
  ModuleList,
  PReLU,
  Sequential,
  Sigmoid,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import type { Size } from '../transforms/image.ts'
import { ConvNormPReLU, NormPReLU } from './blocks/index.ts'
import type { DiceNetName } from './dicenet.metadata.ts'
import { designSize, diceEncoder, diceNetSpecs } from './dicenet.ts'
import type { EdgeNetSegmentationName } from './edgenet-segmentation.metadata.ts'
import { espEncoder, espMaps } from './espnetv2.ts'
import { type FeatureInfo, Network, type NetworkOptions, networkOptions, type Variant } from './network.ts'

export interface EdgeNetSegmentationOptions extends NetworkOptions {
  /** Channels of the pyramids; 10 unless given, as the authors have for 20 and for 21 classes. */
  readonly pyramidChannels?: number
}

export interface DiceNetSegmentationOptions extends EdgeNetSegmentationOptions {
  /** The side of the square, or [height, width], that the encoder is made for: multiples of 32; 224 unless given. */
  readonly inputSize?: number | Size
}

const pyramidScales = [2, 1.5, 1, 0.5, 0.1]

/** Resized by averages to become smaller, by interpolation to become larger; `grows` says which of the two it is. */
function resized(x: Tensor, size: Size, grows: boolean): Tensor {
  return grows
    ? F.interpolate(x, { size, mode: 'bilinear', alignCorners: true })
    : F.adaptiveAvgPool2d(x, size)
}

/**
 * The efficient pyramid of depthwise convolutions over the map at five scales (Mehta et al., EdgeNets). Takes and gives
 * [batch, channels, height, width] of any size.
 */
class PyramidPool extends Module {
  stages: ModuleList
  projection_layer: ConvNormPReLU
  merge_layer: Sequential
  br: NormPReLU | null

  constructor(inChannels: number, width: number, outChannels: number, isLast = false) {
    super()
    const count = pyramidScales.length
    this.stages = new ModuleList(
      pyramidScales.map(() => new Conv2d(width, width, 3, { padding: 1, groups: width, bias: false })),
    )
    this.projection_layer = new ConvNormPReLU(inChannels, width, 1)
    this.merge_layer = new Sequential(
      new NormPReLU(count * width),
      new ChannelShuffle(count),
      new ConvNormPReLU(count * width, width, 3, { groups: width }),
      new Conv2d(width, outChannels, 1, { bias: isLast }),
    )
    this.br = isLast ? null : new NormPReLU(outChannels)
  }

  override forward(x: Tensor): Tensor {
    const projected = this.projection_layer.forward(x)
    const own = projected.shape.slice(2) as unknown as Size
    const levels = [...this.stages].map((stage, i): Tensor => {
      const scale = pyramidScales[i]!
      if (scale === 1) return stage.forward(projected)
      const size = own.map((side) => Math.max(5, Math.ceil(side * scale))) as unknown as Size
      return resized(stage.forward(resized(projected, size, scale > 1)), own, scale < 1)
    })
    const merged: Tensor = this.merge_layer.forward(concat(levels, 1))
    return this.br ? this.br.forward(merged) : merged
  }
}

/** A 3x3 convolution, grouped as much as the channels allow, scaled by a layer over the channels' means. */
class PointwiseFusion extends Module {
  wt_layer: Sequential
  expansion_layer: ConvNormPReLU

  constructor(inChannels: number, outChannels: number) {
    super()
    this.wt_layer = new Sequential(
      new AdaptiveAvgPool2d(1),
      new Conv2d(inChannels, outChannels, 1, { bias: false }),
      new Sigmoid(),
    )
    const divides = (groups: number): boolean => inChannels % groups === 0 && outChannels % groups === 0
    let groups = Math.min(inChannels, outChannels)
    while (!divides(groups)) groups--
    this.expansion_layer = new ConvNormPReLU(inChannels, outChannels, 3, { groups })
  }

  override forward(x: Tensor): Tensor {
    return this.expansion_layer.forward(x).mul(this.wt_layer.forward(x))
  }
}

/** The first four levels of a classifier: its modules by name, and what gives the map of each. */
interface Encoder {
  readonly modules: Readonly<Record<string, Module>>
  readonly channels: readonly number[]
  readonly names: readonly string[]
  readonly maps: (
    features: Sequential,
    x: Tensor,
    run: (stage: { forward(x: Tensor): Tensor }, x: Tensor) => Tensor,
  ) => readonly Tensor[]
}

const decoderWidths = [64, 48, 32] as const

/**
 * Segmentation with ESPNetv2 or DiCENet (sacmehta/EdgeNets): maps of the encoder, from coarse to fine, are added to what
 * pyramids make of the coarser ones. Gives logits [batch, numClasses, height, width] of the image's size.
 */
export class EdgeNetSegmentation extends Network {
  base_net: Sequential
  bu_dec_l1: PyramidPool
  bu_dec_l2: PyramidPool
  bu_dec_l3: PyramidPool
  bu_dec_l4: PyramidPool
  merge_enc_dec_l2: PointwiseFusion
  merge_enc_dec_l3: PointwiseFusion
  merge_enc_dec_l4: PointwiseFusion
  bu_br_l2: Sequential
  bu_br_l3: Sequential
  bu_br_l4: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #encoder: Encoder

  constructor(encoder: Encoder, { numClasses = 21, pyramidChannels = 10 }: EdgeNetSegmentationOptions = {}) {
    super()
    this.numClasses = numClasses
    this.#encoder = encoder
    const [l1, l2, l3, l4] = encoder.channels as readonly [number, number, number, number]
    const [coarse, middle, fine] = decoderWidths
    const normalized = (channels: number): Sequential =>
      new Sequential(new BatchNorm2d(channels), new PReLU(channels))
    this.base_net = new Sequential(encoder.modules)
    this.bu_dec_l1 = new PyramidPool(l4, pyramidChannels, coarse)
    this.bu_dec_l2 = new PyramidPool(coarse, pyramidChannels, middle)
    this.bu_dec_l3 = new PyramidPool(middle, pyramidChannels, fine)
    this.bu_dec_l4 = new PyramidPool(fine, pyramidChannels, numClasses, true)
    this.merge_enc_dec_l2 = new PointwiseFusion(l3, coarse)
    this.merge_enc_dec_l3 = new PointwiseFusion(l2, middle)
    this.merge_enc_dec_l4 = new PointwiseFusion(l1, fine)
    this.bu_br_l2 = normalized(coarse)
    this.bu_br_l3 = normalized(middle)
    this.bu_br_l4 = normalized(fine)
    this.featureInfo = encoder.names.map((name, i) => ({
      name: `base_net.${name}`,
      channels: encoder.channels[i]!,
      stride: 2 ** (i + 1),
    }))
    for (const module of this.modules()) if (module instanceof Conv2d) initialize(module)
  }

  #maps(x: Tensor): readonly Tensor[] {
    return this.#encoder.maps(this.base_net, x, (stage, input) => this.stage(stage, input))
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.#maps(x).at(-1)!
  }

  override forward(x: Tensor): Tensor {
    const [l1, l2, l3, l4] = this.#maps(x) as readonly [Tensor, Tensor, Tensor, Tensor]
    const steps = [
      [this.merge_enc_dec_l2, l3, this.bu_br_l2, this.bu_dec_l2],
      [this.merge_enc_dec_l3, l2, this.bu_br_l3, this.bu_dec_l3],
      [this.merge_enc_dec_l4, l1, this.bu_br_l4, this.bu_dec_l4],
    ] as const
    let y = this.bu_dec_l1.forward(l4)
    for (const [fuse, map, normalize, pool] of steps) {
      const larger = resized(y, map.shape.slice(2) as unknown as Size, true)
      y = pool.forward(normalize.forward(fuse.forward(map).add(larger)))
    }
    return resized(y, x.shape.slice(2) as unknown as Size, true)
  }

  override get separateHead(): boolean {
    return false
  }

  override forwardHead(): never {
    throw new Error(
      'EdgeNetSegmentation: the head takes the maps of several stages; call forward or forwardAll',
    )
  }

  classifierNames(): readonly string[] {
    return ['bu_dec_l4.merge_layer.3']
  }

  override headNames(): readonly string[] {
    const levels = ['l2', 'l3', 'l4']
    return [
      'bu_dec_l1',
      ...['bu_dec', 'merge_enc_dec', 'bu_br'].flatMap((name) => levels.map((level) => `${name}_${level}`)),
    ]
  }

  protected override initializeClassifier(layer: Conv2d): void {
    initialize(layer)
  }
}

function initialize(convolution: Conv2d): void {
  init.kaimingNormal(convolution.weight, { mode: 'fanOut' })
  if (convolution.bias) init.zeros(convolution.bias)
}

const segmentationOptions: OptionKinds<EdgeNetSegmentationOptions> = {
  ...networkOptions,
  pyramidChannels: 'count',
}

const espnet = (scale: number): Variant<EdgeNetSegmentationOptions> => ({
  options: segmentationOptions,
  create: (options = {}) => {
    const encoder = espEncoder(scale, options.inChannels ?? 3, [true, true, true])
    const names = Object.keys(encoder.modules)
    return new EdgeNetSegmentation({ ...encoder, names, maps: espMaps }, options)
  },
})

const dicenet = (name: DiceNetName): Variant<DiceNetSegmentationOptions> => ({
  options: { ...segmentationOptions, inputSize: 'any' },
  create: (options = {}) => {
    const spec = diceNetSpecs[name]
    const { inChannels = 3, inputSize = 224 } = options
    const encoder: Encoder = {
      modules: diceEncoder(spec, inChannels, designSize(inputSize), 2),
      channels: [spec.stem, spec.stem, ...spec.widths.slice(0, 2)],
      names: ['init_block.conv', 'init_block.pool', 'stage1', 'stage2'],
      maps: (features, x, run) => {
        const stem = features.get('init_block') as Sequential
        const modules = [stem.get('conv'), stem.get('pool'), features.get('stage1'), features.get('stage2')]
        const maps: Tensor[] = []
        for (const module of modules) maps.push(run(module, maps.at(-1) ?? x))
        return maps
      },
    }
    return new EdgeNetSegmentation(encoder, options)
  },
})

type Variants = {
  readonly [N in EdgeNetSegmentationName]: Variant<
    N extends `dicenet${string}` ? DiceNetSegmentationOptions : EdgeNetSegmentationOptions
  >
}

export const variants: Variants = {
  espnetv2_seg_wd2: espnet(0.5),
  espnetv2_seg_w1: espnet(1),
  espnetv2_seg_w3d2: espnet(1.5),
  espnetv2_seg_w2: espnet(2),
  dicenet_seg_wd5: dicenet('dicenet_wd5'),
  dicenet_seg_wd2: dicenet('dicenet_wd2'),
  dicenet_seg_w3d4: dicenet('dicenet_w3d4'),
  dicenet_seg_w1: dicenet('dicenet_w1'),
  dicenet_seg_w5d4: dicenet('dicenet_w5d4'),
  dicenet_seg_w3d2: dicenet('dicenet_w3d2'),
  dicenet_seg_w7d8: dicenet('dicenet_w7d8'),
}
