import {
  AvgPool2d,
  Conv2d,
  Dropout,
  init,
  Linear,
  Module,
  ModuleDict,
  PReLU,
  Sequential,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import { ConvNormPReLU, NormPReLU } from './blocks/index.ts'
import type { EspNetV2Name } from './espnetv2.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface EspNetV2Options extends NetworkOptions {
  /** Before the classifier; 0.2 unless given. */
  readonly dropoutRate?: number
  /**
   * Whether the last stage sees the image too: true unless given, as in pytorchcv; false as in the authors' code, which
   * makes that layer and does not use it.
   */
  readonly lastReinforcement?: boolean
}

/** Depthwise convolutions over the same map, each of whose outputs is added to the next one's before they are concatenated. */
export class HierarchicalBranches extends ModuleDict {
  constructor(channels: number, stride: number, dilations: readonly number[]) {
    const branch = (dilation: number): Conv2d =>
      new Conv2d(channels, channels, 3, {
        stride,
        padding: dilation,
        dilation,
        groups: channels,
        bias: false,
      })
    super(dilations.map((dilation, i) => [`branch${i + 1}`, branch(dilation)] as const))
  }

  override forward(x: Tensor): Tensor {
    const fused: Tensor[] = []
    for (const branch of this) {
      const output: Tensor = branch.forward(x)
      fused.push(fused.length > 0 ? output.add(fused.at(-1)!) : output)
    }
    return concat(fused, 1)
  }
}

/**
 * The extremely efficient spatial pyramid of depthwise dilated separable convolutions (Mehta et al. 2018, section 3.2): a
 * grouped 1x1 convolution to a share of the channels, a dilated depthwise convolution in each branch, fused hierarchically so
 * that no gridding shows, and a grouped 1x1 convolution over all of them. With stride 1 the input is added, and a PReLU
 * follows; with stride 2 both are left to what is around it.
 */
export class EESP extends Module {
  reduce_conv: ConvNormPReLU
  branches: HierarchicalBranches
  merge_conv: ConvNormPReLU
  preactiv: NormPReLU
  activ: PReLU | null

  /** One dilation for each branch; their number must divide the input channels, its square the output channels. */
  constructor(inChannels: number, outChannels: number, stride: 1 | 2, dilations: readonly number[]) {
    super()
    const groups = dilations.length
    const width = outChannels / groups
    if (width % groups !== 0) {
      throw new RangeError(
        `EESP: outChannels = ${outChannels} does not divide into ${groups} branches of ${groups} groups`,
      )
    }
    if (stride === 1 && inChannels !== outChannels) {
      throw new RangeError(
        `EESP: with stride 1 the input is added: ${inChannels} must be ${outChannels} channels`,
      )
    }
    this.reduce_conv = new ConvNormPReLU(inChannels, width, 1, { groups })
    this.branches = new HierarchicalBranches(width, stride, dilations)
    this.merge_conv = new ConvNormPReLU(outChannels, outChannels, 1, { groups, activation: false })
    this.preactiv = new NormPReLU(outChannels)
    this.activ = stride === 1 ? new PReLU(outChannels) : null
  }

  override forward(x: Tensor): Tensor {
    const fused = this.preactiv.forward(this.branches.forward(this.reduce_conv.forward(x)))
    const merged = this.merge_conv.forward(fused)
    return this.activ ? this.activ.forward(merged.add(x)) : merged
  }
}

const averages = (): AvgPool2d => new AvgPool2d(3, { stride: 2, padding: 1 })

/**
 * Averages and a pyramid of stride 2 side by side, to which what two convolutions make of the image, shrunk to the same size,
 * is added (section 3.3).
 */
class Downsample extends Module {
  pool: AvgPool2d
  eesp: EESP
  shortcut_block: Sequential | null
  activ: PReLU

  constructor(
    inChannels: number,
    outChannels: number,
    imageChannels: number | null,
    dilations: readonly number[],
  ) {
    super()
    this.pool = averages()
    this.eesp = new EESP(inChannels, outChannels - inChannels, 2, dilations)
    this.shortcut_block =
      imageChannels === null
        ? null
        : new Sequential({
            conv1: new ConvNormPReLU(imageChannels, imageChannels, 3),
            conv2: new ConvNormPReLU(imageChannels, outChannels, 1, { activation: false }),
          })
    this.activ = new PReLU(outChannels)
  }

  override forward(x: Tensor, image: Tensor): Tensor {
    const shrunk = concat([this.pool.forward(x), this.eesp.forward(x)], 1)
    return this.activ.forward(this.shortcut_block ? shrunk.add(this.shortcut_block.forward(image)) : shrunk)
  }
}

/** A downsampling unit, which takes the image too, and further ones. */
class Stage extends Sequential {
  override forward(x: Tensor, image?: Tensor): Tensor {
    if (image === undefined) throw new TypeError('Stage: needs the image beside the map')
    const first: Tensor = (this.get(0) as Downsample).forward(x, image)
    return this.forwardRange(first, 1, this.length)
  }
}

/** Of each unit, the first one of a stage being the downsampling: receptive fields of 13 to 5 pixels. */
const dilations: readonly (readonly (readonly [units: number, dilations: readonly number[]])[])[] = [
  [[1, [1, 2, 3, 4]]],
  [[4, [1, 2, 3, 4]]],
  [
    [1, [1, 2, 3, 4]],
    [7, [1, 1, 2, 3]],
  ],
  [
    [1, [1, 1, 2, 3]],
    [3, [1, 1, 1, 2]],
  ],
]

/** The stem and the first stages of a width, by name, and the channels of each. */
export interface EspEncoder {
  readonly modules: Readonly<Record<string, Module>>
  readonly channels: readonly number[]
}

/** `reinforced` says of each stage whether it sees the image; their number is that of the stages. */
export function espEncoder(scale: number, inChannels: number, reinforced: readonly boolean[]): EspEncoder {
  const base = 4 * Math.ceil(Math.floor(32 * scale) / 4)
  const channels = [Math.min(32, base)]
  const modules: Record<string, Module> = {
    init_block: new Sequential({ conv: new ConvNormPReLU(inChannels, channels[0]!, 3, { stride: 2 }) }),
  }
  for (const [i, seesImage] of reinforced.entries()) {
    const width = base * 2 ** (i + 1)
    const units: Record<string, Module> = {}
    for (const rates of dilations[i]!.flatMap(([count, rates]) =>
      Array.from({ length: count }, () => rates),
    )) {
      const j = Object.keys(units).length
      units[`unit${j + 1}`] =
        j === 0
          ? new Downsample(channels[i]!, width, seesImage ? inChannels : null, rates)
          : new EESP(width, width, 1, rates)
    }
    modules[`stage${i + 1}`] = new Stage(units)
    channels.push(width)
  }
  return { modules, channels }
}

/** The outputs of the stem and the stages of `espEncoder`; `run` runs each, and may checkpoint it. */
export function espMaps(
  features: Sequential,
  x: Tensor,
  run: (stage: { forward(x: Tensor): Tensor }, x: Tensor) => Tensor,
): Tensor[] {
  const pool = averages()
  const maps = [run(features.get('init_block'), x)]
  let image: Tensor = pool.forward(x)
  for (const stage of features) {
    if (!(stage instanceof Stage)) continue
    const shrunk: Tensor = pool.forward(image)
    maps.push(run({ forward: (input) => stage.forward(input, shrunk) }, maps.at(-1)!))
    image = shrunk
  }
  return maps
}

/** ESPNetv2 (Mehta et al. 2018). */
export class EspNetV2 extends Network {
  features: Sequential
  output: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(scale: number, options: EspNetV2Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropoutRate = 0.2, lastReinforcement = true } = options
    this.numClasses = numClasses
    const { modules, channels } = espEncoder(scale, inChannels, [true, true, true, lastReinforcement])
    const [width, final] = [channels.at(-1)!, scale > 1.5 ? 1280 : 1024]
    this.features = new Sequential({
      ...modules,
      final_block: new Sequential({
        conv1: new ConvNormPReLU(width, width, 3, { groups: width }),
        conv2: new ConvNormPReLU(width, final, 1, { groups: 4 }),
      }),
    })
    this.featureInfo = ['init_block', 'stage1', 'stage2', 'stage3', 'final_block'].map((name, i) => ({
      name: `features.${name}`,
      channels: i === 4 ? final : channels[i]!,
      stride: 2 ** (i + 1),
    }))
    this.output = new Sequential({
      dropout: new Dropout(dropoutRate),
      fc: new Linear(final, numClasses),
    })
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingUniform(module.weight)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    const maps = espMaps(this.features, x, (stage, input) => this.stage(stage, input))
    return this.stage(this.features.get('final_block'), maps.at(-1)!)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output.fc']
  }
}

const variant = (scale: number): Variant<EspNetV2Options> => ({
  options: { ...networkOptions, dropoutRate: 'probability', lastReinforcement: 'flag' },
  create: (options) => new EspNetV2(scale, options),
})

export const variants: Readonly<Record<EspNetV2Name, Variant<EspNetV2Options>>> = {
  espnetv2_wd2: variant(0.5),
  espnetv2_w1: variant(1),
  espnetv2_w5d4: variant(1.25),
  espnetv2_w3d2: variant(1.5),
  espnetv2_w2: variant(2),
}
