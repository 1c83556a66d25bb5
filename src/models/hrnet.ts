import { BatchNorm2d, Conv2d, Dropout, init, Linear, ModuleList, ReLU, Sequential } from '../nn/index.ts'
import { checkpoint, type Tensor } from '../tensor/index.ts'
import type { HRNetName } from './hrnet.metadata.ts'
import { blocksOf, convNorm, HighResolutionModule, Transition } from './hrnet-modules.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import { Bottleneck } from './resnet.ts'

export interface HRNetOptions extends NetworkOptions {
  /** Dropout of the pooled descriptor. */
  readonly dropRate?: number
  /**
   * Where the feature pyramid is taken: 'incre' after the blocks that widen each resolution to 128, 256, 512 and 1024
   * channels for the classifier, '' before them.
   */
  readonly featureLocation?: 'incre' | ''
}

interface HRNetSpec {
  /** The width and number of the bottlenecks at the start. */
  readonly start: readonly [width: number, blocks: number]
  /** Channels of the finest branch; each coarser one has twice as many. */
  readonly width: number
  /** Blocks of each branch of a module. */
  readonly blocks: number
  /** Modules of stages 2, 3 and 4, which have as many branches. */
  readonly modules: readonly [number, number, number]
  /** Whether the convolutions of the head that batch normalization follows have a bias nevertheless. */
  readonly headBias: boolean
}

const headWidths = [32, 64, 128, 256]

/** HRNet for classification (Wang et al. 2019). Images whose sides are multiples of 32 pixels. */
export class HRNet extends Network {
  conv1: Conv2d
  bn1: BatchNorm2d
  act1: ReLU
  conv2: Conv2d
  bn2: BatchNorm2d
  act2: ReLU
  layer1: Sequential
  transition1: Transition
  stage2: ModuleList
  transition2: Transition
  stage3: ModuleList
  transition3: Transition
  stage4: ModuleList
  incre_modules: ModuleList
  downsamp_modules: ModuleList
  final_layer: Sequential
  head_drop: Dropout
  classifier: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #widened: boolean

  constructor(spec: HRNetSpec, options: HRNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropRate = 0, featureLocation = 'incre' } = options
    this.numClasses = numClasses
    this.#widened = featureLocation === 'incre'
    this.conv1 = new Conv2d(inChannels, 64, 3, { stride: 2, padding: 1, bias: false })
    this.bn1 = new BatchNorm2d(64)
    this.act1 = new ReLU()
    this.conv2 = new Conv2d(64, 64, 3, { stride: 2, padding: 1, bias: false })
    this.bn2 = new BatchNorm2d(64)
    this.act2 = new ReLU()
    const [startWidth, startBlocks] = spec.start
    const widths = [1, 2, 4, 8].map((factor) => factor * spec.width)
    const stage = (branches: 2 | 3 | 4): ModuleList =>
      new ModuleList(
        Array.from(
          { length: spec.modules[branches - 2]! },
          () => new HighResolutionModule(widths.slice(0, branches), spec.blocks),
        ),
      )
    this.layer1 = blocksOf(Bottleneck, 64, startWidth, startBlocks)
    this.transition1 = new Transition([startWidth * Bottleneck.expansion], widths.slice(0, 2))
    this.stage2 = stage(2)
    this.transition2 = new Transition(widths.slice(0, 2), widths.slice(0, 3))
    this.stage3 = stage(3)
    this.transition3 = new Transition(widths.slice(0, 3), widths)
    this.stage4 = stage(4)
    const wide = headWidths.map((width) => width * Bottleneck.expansion)
    this.incre_modules = new ModuleList(
      widths.map((width, i) => blocksOf(Bottleneck, width, headWidths[i]!, 1)),
    )
    this.downsamp_modules = new ModuleList(
      wide
        .slice(1)
        .map((to, i) => new Sequential(...convNorm(wide[i]!, to, 3, 2, spec.headBias), new ReLU())),
    )
    this.final_layer = new Sequential(...convNorm(wide.at(-1)!, 2048, 1, 1, spec.headBias), new ReLU())
    this.head_drop = new Dropout(dropRate)
    this.classifier = new Linear(2048, numClasses)
    this.featureInfo = [
      { name: 'act1', channels: 64, stride: 2 },
      ...widths.map((width, i) => ({
        name: this.#widened ? `incre_modules.${i}` : `stage4.${this.stage4.length - 1}.fuse_layers.${i}`,
        channels: this.#widened ? wide[i]! : width,
        stride: 4 * 2 ** i,
      })),
    ]
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
    }
  }

  /** The map of each resolution, from fine to coarse. */
  #branches(x: Tensor): readonly Tensor[] {
    const stem = this.act1.forward(this.bn1.forward(this.conv1.forward(x)))
    const start = this.act2.forward(this.bn2.forward(this.conv2.forward(stem)))
    let y: readonly Tensor[] = [this.stage(this.layer1, start)]
    const recomputes = this.gradientCheckpointing && this.training
    for (const [transition, stage] of [
      [this.transition1, this.stage2],
      [this.transition2, this.stage3],
      [this.transition3, this.stage4],
    ] as const) {
      y = transition.forward(y)
      for (const module of stage) {
        const input = y
        y = recomputes ? checkpoint((): Tensor[] => module.forward(input)) : module.forward(input)
      }
    }
    return y
  }

  #widen(branches: readonly Tensor[]): readonly Tensor[] {
    return branches.map((y, i) => this.stage(this.incre_modules.get(i), y))
  }

  forwardFeatures(x: Tensor): Tensor {
    const merged = this.#widen(this.#branches(x)).reduce((y, wide, i) =>
      wide.add(this.stage(this.downsamp_modules.get(i - 1), y)),
    )
    return this.final_layer.forward(merged)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(this.head_drop.forward(descriptor))
  }

  override forwardPyramid(x: Tensor, stages: readonly number[] = [0, 1, 2, 3, 4]): Tensor[] {
    const missing = stages.find((stage) => this.featureInfo[stage] === undefined)
    if (missing !== undefined) throw new RangeError(`forwardPyramid: stage ${missing} is not in 0..4`)
    const { result, outputs } = this.captureOutputs(['act1'], () => {
      const branches = this.#branches(x)
      return this.#widened ? this.#widen(branches) : branches
    })
    const maps = [outputs.get('act1')!, ...result]
    return stages.map((stage) => maps[stage]!)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }

  override headNames(): readonly string[] {
    const head = ['downsamp_modules', 'final_layer', 'classifier']
    return this.#widened ? head : ['incre_modules', ...head]
  }
}

const variant = (spec: HRNetSpec): Variant<HRNetOptions> => ({
  options: { ...networkOptions, dropRate: 'probability', featureLocation: ['incre', ''] },
  create: (options) => new HRNet(spec, options),
})

const wide = (width: number, headBias = true): Variant<HRNetOptions> =>
  variant({ start: [64, 4], width, blocks: 4, modules: [1, 4, 3], headBias })

export const variants: Readonly<Record<HRNetName, Variant<HRNetOptions>>> = {
  hrnet_w18_small: variant({ start: [32, 1], width: 16, blocks: 2, modules: [1, 1, 1], headBias: true }),
  hrnet_w18_small_v2: variant({ start: [64, 2], width: 18, blocks: 2, modules: [1, 3, 2], headBias: true }),
  hrnet_w18: wide(18),
  hrnet_w30: wide(30),
  hrnet_w32: wide(32),
  hrnet_w40: wide(40),
  hrnet_w44: wide(44),
  hrnet_w48: wide(48),
  hrnet_w64: wide(64),
  hrnet_w18_ssld: wide(18, false),
  hrnet_w48_ssld: wide(48, false),
}
