import { DropPath, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import {
  activationLayer,
  attentionLayer,
  ConvNormAct,
  SelectiveKernel,
  type SelectiveKernelOptions,
} from './blocks/index.ts'
import type { Variant } from './network.ts'
import { TimmResNet, type TimmResNetOptions, timmResNetOptions } from './resnet-timm.ts'
import {
  bottleneckWidth,
  checkBasicBlock,
  type ResidualBlock,
  type ResidualBlockSpec,
} from './resnet-timm-blocks.ts'
import type { SKResNetName } from './skresnet.metadata.ts'

type KernelOptions = Pick<SelectiveKernelOptions, 'splitInput' | 'reductionRatio' | 'reductionDivisor'>

function selectiveKernel(
  spec: ResidualBlockSpec,
  inChannels: number,
  outChannels: number,
  options: KernelOptions,
): SelectiveKernel {
  const { stride, firstDilation: dilation, cardinality: groups, norm } = spec
  return new SelectiveKernel(inChannels, { ...options, outChannels, stride, dilation, groups, norm })
}

/** What both blocks end with. */
abstract class SelectiveKernelBlock extends Module implements ResidualBlock {
  abstract lastNorm(): Module

  protected join(branch: Tensor, x: Tensor, tail: Tail): Tensor {
    const residual = tail.drop_path.forward(tail.se ? tail.se.forward(branch) : branch)
    return tail.act.forward(residual.add(tail.downsample ? tail.downsample.forward(x) : x))
  }
}

interface Tail {
  readonly se: Module | null
  readonly act: Module
  readonly downsample: Module | null
  readonly drop_path: DropPath
}

/** A selective kernel and a 3x3 convolution. Takes and gives [batch, channels, height, width]. */
export class SelectiveKernelBasic extends SelectiveKernelBlock {
  conv1: SelectiveKernel
  conv2: ConvNormAct
  se: Module | null
  act: Module
  downsample: Module | null
  drop_path: DropPath

  constructor(spec: ResidualBlockSpec, options: KernelOptions) {
    super()
    checkBasicBlock('SelectiveKernelBasic', spec)
    const { inplanes, planes, reduceFirst, dilation, norm, activation } = spec
    const width = Math.floor(planes / reduceFirst)
    this.conv1 = selectiveKernel(spec, inplanes, width, options)
    this.conv2 = new ConvNormAct(width, planes, 3, { dilation, norm, activation: null })
    this.se = spec.attention === null ? null : attentionLayer(spec.attention, planes)
    this.act = activationLayer(activation, planes)
    this.downsample = spec.downsample
    this.drop_path = new DropPath(spec.dropPath)
  }

  override forward(x: Tensor): Tensor {
    return this.join(this.conv2.forward(this.conv1.forward(x)), x, this)
  }

  lastNorm(): Module {
    return this.conv2.bn!
  }
}

/** A selective kernel between 1x1 convolutions. Takes and gives [batch, channels, height, width]. */
export class SelectiveKernelBottleneck extends SelectiveKernelBlock {
  conv1: ConvNormAct
  conv2: SelectiveKernel
  conv3: ConvNormAct
  se: Module | null
  act: Module
  downsample: Module | null
  drop_path: DropPath

  constructor(spec: ResidualBlockSpec, options: KernelOptions) {
    super()
    const { inplanes, planes, reduceFirst, norm, activation } = spec
    const width = bottleneckWidth(spec)
    const first = Math.floor(width / reduceFirst)
    this.conv1 = new ConvNormAct(inplanes, first, 1, { norm, activation })
    this.conv2 = selectiveKernel(spec, first, width, options)
    this.conv3 = new ConvNormAct(width, 4 * planes, 1, { norm, activation: null })
    this.se = spec.attention === null ? null : attentionLayer(spec.attention, 4 * planes)
    this.act = activationLayer(activation, 4 * planes)
    this.downsample = spec.downsample
    this.drop_path = new DropPath(spec.dropPath)
  }

  override forward(x: Tensor): Tensor {
    return this.join(this.conv3.forward(this.conv2.forward(this.conv1.forward(x))), x, this)
  }

  lastNorm(): Module {
    return this.conv3.bn!
  }
}

export type SKResNetOptions = Omit<TimmResNetOptions, 'antiAlias'>

const { antiAlias: _, ...skresnetOptions } = timmResNetOptions

interface SKResNetSpec {
  readonly block: typeof SelectiveKernelBasic | typeof SelectiveKernelBottleneck
  readonly depths: readonly number[]
  readonly kernel: KernelOptions
}

function variant(
  { block, depths, kernel }: SKResNetSpec,
  defaults: SKResNetOptions = {},
): Variant<SKResNetOptions> {
  const kind = {
    expansion: block === SelectiveKernelBasic ? 1 : 4,
    make: (spec: ResidualBlockSpec) => new block(spec, kernel),
  }
  return {
    options: skresnetOptions,
    create: (options) =>
      new TimmResNet({ block: kind, depths }, { zeroInitLast: false, ...defaults, ...options }),
  }
}

const small: KernelOptions = { reductionRatio: 1 / 8, reductionDivisor: 16 }
const fifty = { block: SelectiveKernelBottleneck, depths: [3, 4, 6, 3] }

export const variants: Readonly<Record<SKResNetName, Variant<SKResNetOptions>>> = {
  skresnet18: variant({ block: SelectiveKernelBasic, depths: [2, 2, 2, 2], kernel: small }),
  skresnet34: variant({ block: SelectiveKernelBasic, depths: [3, 4, 6, 3], kernel: small }),
  skresnet50: variant({ ...fifty, kernel: {} }),
  skresnet50d: variant({ ...fifty, kernel: {} }, { stem: 'deep', stemWidth: 32, avgDown: true }),
  skresnext50_32x4d: variant(
    { ...fifty, kernel: { splitInput: false, reductionRatio: 1 / 16, reductionDivisor: 32 } },
    { cardinality: 32, baseWidth: 4 },
  ),
}
