import { type BatchNorm2d, DropPath, Module, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import { ConvNormAct } from './blocks/index.ts'

interface BlockSpec {
  readonly inChannels: number
  readonly outChannels: number
  readonly dilation: number
  readonly bottleRatio: number
  readonly groups: number
  readonly dropPath: number
  readonly activation: () => Module
}

/** 1x1 and 3x3 convolutions beside a shortcut, with no activation after the sum (Darknet-53). */
export class DarkBlock extends Module {
  conv1: ConvNormAct
  conv2: ConvNormAct
  dropPath: DropPath

  constructor({ inChannels, outChannels, dilation, bottleRatio, groups, dropPath, activation }: BlockSpec) {
    super()
    const width = Math.round(outChannels * bottleRatio)
    this.conv1 = new ConvNormAct(inChannels, width, 1, { activation })
    this.conv2 = new ConvNormAct(width, outChannels, 3, { dilation, groups, activation })
    this.dropPath = new DropPath(dropPath)
  }

  /** What scales the residual branch. */
  get lastNorm(): BatchNorm2d {
    return this.conv2.bn as BatchNorm2d
  }

  override forward(x: Tensor): Tensor {
    return this.dropPath.forward(this.conv2.forward(this.conv1.forward(x))).add(x)
  }
}

/** A bottleneck of ResNet or ResNeXt; its activation follows the sum. */
export class BottleneckBlock extends Module {
  conv1: ConvNormAct
  conv2: ConvNormAct
  conv3: ConvNormAct
  dropPath: DropPath
  act3: Module

  constructor({ inChannels, outChannels, dilation, bottleRatio, groups, dropPath, activation }: BlockSpec) {
    super()
    const width = Math.round(outChannels * bottleRatio)
    this.conv1 = new ConvNormAct(inChannels, width, 1, { activation })
    this.conv2 = new ConvNormAct(width, width, 3, { dilation, groups, activation })
    this.conv3 = new ConvNormAct(width, outChannels, 1, { activation: null })
    this.dropPath = new DropPath(dropPath)
    this.act3 = activation()
  }

  /** What scales the residual branch. */
  get lastNorm(): BatchNorm2d {
    return this.conv3.bn as BatchNorm2d
  }

  override forward(x: Tensor): Tensor {
    const branch = this.conv3.forward(this.conv2.forward(this.conv1.forward(x)))
    return this.act3.forward(this.dropPath.forward(branch).add(x))
  }
}

export interface StageSpec {
  readonly depth: number
  readonly outChannels: number
  readonly stride: number
  readonly groups: number
  /** The blocks' channels over the stage's. */
  readonly blockRatio: number
  /** The inner channels of a block over its outer ones. */
  readonly bottleRatio: number
  readonly block: typeof DarkBlock | typeof BottleneckBlock
  /** What splits the stage in two; none for a plain stage. */
  readonly cross?: {
    /** The channels of both halves together over the stage's. */
    readonly expandRatio: number
    /** Whether the halves are split before any activation. */
    readonly linear: boolean
    /** Whether the strided convolution has the stage's output channels already. */
    readonly downGrowth: boolean
  }
}

/** What a stage's place in the network decides. */
export interface StagePlace {
  readonly stride: number
  readonly firstDilation: number
  readonly dilation: number
  readonly dropPaths: readonly number[]
  readonly activation: () => Module
}

function blocksOf(spec: StageSpec, place: StagePlace, inChannels: number, outChannels: number): Sequential {
  const { bottleRatio, groups } = spec
  const { dilation, activation } = place
  return new Sequential(
    ...place.dropPaths.map((dropPath, i) => {
      const channels = i === 0 ? inChannels : outChannels
      const shared = { outChannels, dilation, bottleRatio, groups, dropPath, activation }
      return new spec.block({ ...shared, inChannels: channels })
    }),
  )
}

/** A strided convolution and residual blocks. */
export class DarkStage extends Module {
  conv_down: ConvNormAct
  blocks: Sequential

  constructor(spec: StageSpec, inChannels: number, place: StagePlace) {
    super()
    const { outChannels, groups } = spec
    const { stride, firstDilation, activation } = place
    this.conv_down = new ConvNormAct(inChannels, outChannels, 3, {
      stride,
      dilation: firstDilation,
      groups,
      activation,
    })
    this.blocks = blocksOf(spec, place, outChannels, Math.round(outChannels * spec.blockRatio))
  }

  override forward(x: Tensor): Tensor {
    return this.blocks.forward(this.conv_down.forward(x))
  }
}

/** A cross-stage partial stage (Wang et al. 2019): half of the channels pass by the blocks. */
export class CrossStage extends Module {
  conv_down: ConvNormAct | null
  conv_exp: ConvNormAct
  blocks: Sequential
  conv_transition_b: ConvNormAct
  conv_transition: ConvNormAct

  constructor(spec: StageSpec & Required<Pick<StageSpec, 'cross'>>, inChannels: number, place: StagePlace) {
    super()
    const { outChannels, groups, cross } = spec
    const { stride, firstDilation, dilation, activation } = place
    const down = stride !== 1 || firstDilation !== dilation
    const downChannels = down && cross.downGrowth ? outChannels : inChannels
    const blockChannels = Math.round(outChannels * spec.blockRatio)
    const half = Math.round(outChannels * cross.expandRatio) / 2
    this.conv_down = down
      ? new ConvNormAct(inChannels, downChannels, 3, { stride, dilation: firstDilation, groups, activation })
      : null
    this.conv_exp = new ConvNormAct(downChannels, 2 * half, 1, {
      activation: cross.linear ? null : activation,
    })
    this.blocks = blocksOf(spec, place, half, blockChannels)
    this.conv_transition_b = new ConvNormAct(blockChannels, half, 1, { activation })
    this.conv_transition = new ConvNormAct(2 * half, outChannels, 1, { activation })
  }

  override forward(x: Tensor): Tensor {
    const [cross, inner] = this.conv_exp
      .forward(this.conv_down ? this.conv_down.forward(x) : x)
      .chunk(2, 1) as [Tensor, Tensor]
    const y = this.conv_transition_b.forward(this.blocks.forward(inner))
    return this.conv_transition.forward(concat([cross, y], 1))
  }
}
