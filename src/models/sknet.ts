import { Conv2d, Linear, MaxPool2d, Module, ModuleDict, ReLU, Sequential } from '../nn/index.ts'
import { stack, type Tensor } from '../tensor/index.ts'
import { ConvNormAct } from './blocks/index.ts'
import { type NetworkOptions, networkOptions, type Variant } from './network.ts'
import type { SKNetName } from './sknet.metadata.ts'
import { type StagedFeatures, StagedNetwork } from './staged-features.ts'

const branches = 2

/**
 * The paper's selective kernels: 3x3 convolutions in 32 groups of dilation 1 and 2, of which each channel takes its own mixture.
 * Takes [batch, channels, height, width].
 */
export class SelectiveKernelConv extends Module {
  branches: ModuleDict
  fc1: ConvNormAct
  fc2: Conv2d

  constructor(channels: number, stride: number) {
    super()
    const convolutions = Array.from(
      { length: branches },
      (_, i) =>
        [
          `branch${i + 2}`,
          new ConvNormAct(channels, channels, 3, { stride, dilation: i + 1, groups: 32 }),
        ] as const,
    )
    const hidden = Math.max(Math.floor(channels / 16), 32)
    this.branches = new ModuleDict(convolutions)
    this.fc1 = new ConvNormAct(channels, hidden, 1)
    this.fc2 = new Conv2d(hidden, branches * channels, 1, { bias: false })
  }

  override forward(x: Tensor): Tensor {
    const maps = stack(
      [...this.branches].map((branch): Tensor => branch.forward(x)),
      1,
    )
    const [batch, , channels] = maps.shape as [number, number, number]
    const scores = this.fc2.forward(this.fc1.forward(maps.sum(1).mean([2, 3], true)))
    return maps.mul(scores.reshape([batch, branches, channels, 1, 1]).softmax(1)).sum(1)
  }
}

/** A selective kernel between 1x1 convolutions, half as wide. Takes and gives [batch, channels, height, width]. */
export class SKUnit extends Module {
  body: Sequential
  identity_conv: ConvNormAct | null
  activ: ReLU

  constructor(inChannels: number, outChannels: number, stride: number) {
    super()
    const width = outChannels / 2
    this.body = new Sequential({
      conv1: new ConvNormAct(inChannels, width, 1),
      conv2: new SelectiveKernelConv(width, stride),
      conv3: new ConvNormAct(width, outChannels, 1, { activation: null }),
    })
    this.identity_conv =
      inChannels !== outChannels || stride !== 1
        ? new ConvNormAct(inChannels, outChannels, 1, { stride, activation: null })
        : null
    this.activ = new ReLU()
  }

  override forward(x: Tensor): Tensor {
    const shortcut = this.identity_conv ? this.identity_conv.forward(x) : x
    return this.activ.forward(this.body.forward(x).add(shortcut))
  }
}

function stagesOf(depths: readonly number[]): StagedFeatures['stages'] {
  return depths.map((depth, i) => {
    const channels = 256 * 2 ** i
    const before = i === 0 ? 64 : channels / 2
    const units = Array.from({ length: depth }, (_, j) =>
      j === 0 ? new SKUnit(before, channels, i === 0 ? 1 : 2) : new SKUnit(channels, channels, 1),
    )
    return { units, channels }
  })
}

/** Selective kernel networks (Li et al. 2019), with pytorchcv's names. Takes images [batch, inChannels, height, width]. */
export class SKNet extends StagedNetwork {
  output: Linear
  numClasses: number

  constructor(depths: readonly number[], { numClasses = 1000, inChannels = 3 }: NetworkOptions = {}) {
    const stem = new Sequential({
      conv: new ConvNormAct(inChannels, 64, 7, { stride: 2 }),
      pool: new MaxPool2d(3, { stride: 2, padding: 1 }),
    })
    super({ stem, stages: stagesOf(depths), stride: 4 })
    this.numClasses = numClasses
    this.output = new Linear(2048, numClasses)
    this.initializeConvolutions()
  }
}

const variant = (...depths: readonly number[]): Variant<NetworkOptions> => ({
  options: networkOptions,
  create: (options) => new SKNet(depths, options),
})

export const variants: Readonly<Record<SKNetName, Variant<NetworkOptions>>> = {
  sknet26: variant(2, 2, 2, 2),
  sknet50: variant(3, 4, 6, 3),
  sknet101: variant(3, 4, 23, 3),
  sknet152: variant(3, 8, 36, 3),
}
