import { Conv2d, Dropout, Linear, MaxPool2d, Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormAct, PreActivatedConv, PreActivation } from './blocks/index.ts'
import { type NetworkOptions, networkOptions, type Variant } from './network.ts'
import { type StagedFeatures, StagedNetwork } from './staged-features.ts'
import type { WideResNetName } from './wide-resnet.metadata.ts'

export interface CifarWideResNetOptions extends NetworkOptions {
  /** Dropout between the convolutions of every block (section 3.3 of the paper has 0.3); 0 unless given. */
  readonly dropRate?: number
}

/** Two 3x3 convolutions after their activations, with dropout between. */
class WideBody extends Module {
  conv1: PreActivatedConv
  dropout: Dropout
  conv2: PreActivatedConv

  constructor(inChannels: number, outChannels: number, stride: number, dropRate: number) {
    super()
    this.conv1 = new PreActivatedConv(inChannels, outChannels, 3, { stride })
    this.dropout = new Dropout(dropRate)
    this.conv2 = new PreActivatedConv(outChannels, outChannels, 3)
  }

  /** From the first activation on. */
  override forward(activated: Tensor): Tensor {
    const hidden = this.conv2.activated(this.conv1.conv.forward(activated))
    return this.conv2.conv.forward(this.dropout.forward(hidden))
  }
}

/** A pre-activation block whose shortcut is projected where the shape changes. Takes and gives [batch, channels, height, width]. */
export class WideUnit extends Module {
  body: WideBody
  identity_conv: Conv2d | null

  constructor(inChannels: number, outChannels: number, stride: number, dropRate = 0) {
    super()
    this.body = new WideBody(inChannels, outChannels, stride, dropRate)
    this.identity_conv =
      inChannels !== outChannels || stride !== 1
        ? new Conv2d(inChannels, outChannels, 1, { stride, bias: false })
        : null
  }

  override forward(x: Tensor): Tensor {
    const activated = this.body.conv1.activated(x)
    const shortcut = this.identity_conv ? this.identity_conv.forward(activated) : x
    return this.body.forward(activated).add(shortcut)
  }
}

interface CifarSpec {
  /** 6n + 4 layers. */
  readonly depth: number
  /** Multiplies the channels 16, 32 and 64. */
  readonly widen: number
}

function cifarStages({ depth, widen }: CifarSpec, dropRate: number): StagedFeatures['stages'] {
  return [16, 32, 64].map((base, i) => {
    const channels = base * widen
    const before = i === 0 ? 16 : channels / 2
    const units = Array.from({ length: (depth - 4) / 6 }, (_, j) =>
      j === 0
        ? new WideUnit(before, channels, i === 0 ? 1 : 2, dropRate)
        : new WideUnit(channels, channels, 1, dropRate),
    )
    return { units, channels }
  })
}

/** Wide residual networks (Zagoruyko and Komodakis 2016) for small images [batch, inChannels, height, width]. */
export class CifarWideResNet extends StagedNetwork {
  output: Linear
  numClasses: number

  constructor(spec: CifarSpec, options: CifarWideResNetOptions = {}) {
    const { numClasses = 10, inChannels = 3, dropRate = 0 } = options
    const stages = cifarStages(spec, dropRate)
    const channels = stages.at(-1)!.channels
    super({
      stem: new Conv2d(inChannels, 16, 3, { padding: 1, bias: false }),
      stages,
      stride: 1,
      end: new PreActivation(channels),
    })
    this.numClasses = numClasses
    this.output = new Linear(channels, numClasses)
    this.initializeConvolutions()
  }
}

/** A convolution with a bias and without normalisation. */
function biased(
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  stride = 1,
  active = true,
): ConvNormAct {
  return new ConvNormAct(inChannels, outChannels, kernelSize, {
    stride,
    norm: null,
    activation: active ? 'relu' : null,
  })
}

/** A bottleneck of twice the usual width whose normalisation has been folded into the convolutions. */
class FoldedUnit extends Module {
  body: Sequential
  identity_conv: ConvNormAct | null
  activ: ReLU

  constructor(inChannels: number, outChannels: number, stride: number) {
    super()
    const width = outChannels / 2
    this.body = new Sequential({
      conv1: biased(inChannels, width, 1),
      conv2: biased(width, width, 3, stride),
      conv3: biased(width, outChannels, 1, 1, false),
    })
    this.identity_conv =
      inChannels !== outChannels || stride !== 1 ? biased(inChannels, outChannels, 1, stride, false) : null
    this.activ = new ReLU()
  }

  override forward(x: Tensor): Tensor {
    const shortcut = this.identity_conv ? this.identity_conv.forward(x) : x
    return this.activ.forward(this.body.forward(x).add(shortcut))
  }
}

/** WRN-50-2 as its authors published it: without normalisation, which is folded into convolutions with biases. */
export class FoldedWideResNet extends StagedNetwork {
  output: Linear
  numClasses: number

  constructor({ numClasses = 1000, inChannels = 3 }: NetworkOptions = {}) {
    const stages = [3, 4, 6, 3].map((depth, i) => {
      const channels = 256 * 2 ** i
      const before = i === 0 ? 64 : channels / 2
      const units = Array.from({ length: depth }, (_, j) =>
        j === 0 ? new FoldedUnit(before, channels, i === 0 ? 1 : 2) : new FoldedUnit(channels, channels, 1),
      )
      return { units, channels }
    })
    const stem = new Sequential({
      conv: biased(inChannels, 64, 7, 2),
      pool: new MaxPool2d(3, { stride: 2, padding: 1 }),
    })
    super({ stem, stages, stride: 4 })
    this.numClasses = numClasses
    this.output = new Linear(2048, numClasses)
    this.initializeConvolutions()
  }
}

const cifarOptions: OptionKinds<CifarWideResNetOptions> = { ...networkOptions, dropRate: 'probability' }

const cifar = (depth: number, widen: number, classes: number): Variant<CifarWideResNetOptions> => ({
  options: cifarOptions,
  create: (options) => new CifarWideResNet({ depth, widen }, { numClasses: classes, ...options }),
})

export const variants: Readonly<
  Record<Exclude<WideResNetName, 'wrn50_2'>, Variant<CifarWideResNetOptions>>
> & {
  readonly wrn50_2: Variant<NetworkOptions>
} = {
  wrn16_4_cifar10: cifar(16, 4, 10),
  wrn16_8_cifar10: cifar(16, 8, 10),
  wrn16_8_cifar100: cifar(16, 8, 100),
  wrn16_10_cifar10: cifar(16, 10, 10),
  wrn16_10_cifar100: cifar(16, 10, 100),
  wrn22_8_cifar10: cifar(22, 8, 10),
  wrn28_10_cifar10: cifar(28, 10, 10),
  wrn28_10_cifar100: cifar(28, 10, 100),
  wrn40_4_cifar10: cifar(40, 4, 10),
  wrn40_4_cifar100: cifar(40, 4, 100),
  wrn40_8_cifar10: cifar(40, 8, 10),
  wrn40_8_cifar100: cifar(40, 8, 100),
  wrn40_10_cifar10: cifar(40, 10, 10),
  wrn50_2: { options: networkOptions, create: (options) => new FoldedWideResNet(options) },
}
