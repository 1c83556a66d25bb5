import { AvgPool2d, Conv2d, DropPath, Identity, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import {
  type Activation,
  type Attention,
  activationLayer,
  attentionLayer,
  BlurPool2d,
  type NormLayer,
} from './blocks/index.ts'

/** What a residual block is built from. */
export interface ResidualBlockSpec {
  readonly inplanes: number
  readonly planes: number
  readonly stride: number
  readonly downsample: Module | null
  readonly cardinality: number
  readonly baseWidth: number
  readonly reduceFirst: number
  readonly dilation: number
  readonly firstDilation: number
  readonly activation: Activation
  readonly norm: NormLayer
  readonly attention: Attention | null
  readonly antiAlias: 'blur' | 'avg' | null
  readonly dropPath: number
}

export interface ResidualBlock extends Module {
  /** The normalisation that ends the residual branch. */
  lastNorm(): Module
}

/** A kind of block: its output channels for each plane, and what makes it. */
export interface ResidualBlockKind {
  readonly expansion: number
  readonly make: (spec: ResidualBlockSpec) => ResidualBlock
}

/** The channels between the 1x1 convolutions of a bottleneck. */
export function bottleneckWidth({ planes, baseWidth, cardinality }: ResidualBlockSpec): number {
  return Math.floor(planes * (baseWidth / 64)) * cardinality
}

/** Throws where a basic block is asked for what only bottlenecks have. */
export function checkBasicBlock(name: string, { cardinality, baseWidth }: ResidualBlockSpec): void {
  if (cardinality !== 1 || baseWidth !== 64) {
    throw new RangeError(`${name}: cardinality and baseWidth need a network of bottlenecks`)
  }
}

/** The layer in whose place a convolution leaves its stride, if any. */
function antiAliasLayer(spec: ResidualBlockSpec, channels: number): Module | null {
  const { antiAlias, stride, dilation, firstDilation } = spec
  if (antiAlias === null || (stride !== 2 && firstDilation === dilation)) return null
  return antiAlias === 'avg' ? new AvgPool2d(stride) : new BlurPool2d(channels, { stride })
}

/** Two 3x3 convolutions. Takes and gives [batch, channels, height, width]. */
export class TimmBasicBlock extends Module implements ResidualBlock {
  conv1: Conv2d
  bn1: Module
  act1: Module
  aa: Module
  conv2: Conv2d
  bn2: Module
  se: Module | null
  act2: Module
  downsample: Module | null
  drop_path: DropPath

  constructor(spec: ResidualBlockSpec) {
    super()
    checkBasicBlock('TimmBasicBlock', spec)
    const { inplanes, planes, stride, dilation, firstDilation, norm, activation } = spec
    const width = Math.floor(planes / spec.reduceFirst)
    const antiAlias = antiAliasLayer(spec, width)
    this.conv1 = new Conv2d(inplanes, width, 3, {
      stride: antiAlias ? 1 : stride,
      padding: firstDilation,
      dilation: firstDilation,
      bias: false,
    })
    this.bn1 = norm(width)
    this.act1 = activationLayer(activation, width)
    this.aa = antiAlias ?? new Identity()
    this.conv2 = new Conv2d(width, planes, 3, { padding: dilation, dilation, bias: false })
    this.bn2 = norm(planes)
    this.se = spec.attention === null ? null : attentionLayer(spec.attention, planes)
    this.act2 = activationLayer(activation, planes)
    this.downsample = spec.downsample
    this.drop_path = new DropPath(spec.dropPath)
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.aa.forward(this.act1.forward(this.bn1.forward(this.conv1.forward(x))))
    const branch = this.bn2.forward(this.conv2.forward(hidden))
    const residual = this.drop_path.forward(this.se ? this.se.forward(branch) : branch)
    return this.act2.forward(residual.add(this.downsample ? this.downsample.forward(x) : x))
  }

  lastNorm(): Module {
    return this.bn2
  }
}

/** 1x1, 3x3 and 1x1 convolutions, with the stride in the 3x3. Takes and gives [batch, channels, height, width]. */
export class TimmBottleneck extends Module implements ResidualBlock {
  conv1: Conv2d
  bn1: Module
  act1: Module
  conv2: Conv2d
  bn2: Module
  act2: Module
  aa: Module
  conv3: Conv2d
  bn3: Module
  se: Module | null
  act3: Module
  downsample: Module | null
  drop_path: DropPath

  constructor(spec: ResidualBlockSpec) {
    super()
    const { inplanes, stride, firstDilation, cardinality, norm, activation } = spec
    const width = bottleneckWidth(spec)
    const first = Math.floor(width / spec.reduceFirst)
    const outplanes = 4 * spec.planes
    const antiAlias = antiAliasLayer(spec, width)
    this.conv1 = new Conv2d(inplanes, first, 1, { bias: false })
    this.bn1 = norm(first)
    this.act1 = activationLayer(activation, first)
    this.conv2 = new Conv2d(first, width, 3, {
      stride: antiAlias ? 1 : stride,
      padding: firstDilation,
      dilation: firstDilation,
      groups: cardinality,
      bias: false,
    })
    this.bn2 = norm(width)
    this.act2 = activationLayer(activation, width)
    this.aa = antiAlias ?? new Identity()
    this.conv3 = new Conv2d(width, outplanes, 1, { bias: false })
    this.bn3 = norm(outplanes)
    this.se = spec.attention === null ? null : attentionLayer(spec.attention, outplanes)
    this.act3 = activationLayer(activation, outplanes)
    this.downsample = spec.downsample
    this.drop_path = new DropPath(spec.dropPath)
  }

  override forward(x: Tensor): Tensor {
    const reduced = this.act1.forward(this.bn1.forward(this.conv1.forward(x)))
    const hidden = this.aa.forward(this.act2.forward(this.bn2.forward(this.conv2.forward(reduced))))
    const branch = this.bn3.forward(this.conv3.forward(hidden))
    const residual = this.drop_path.forward(this.se ? this.se.forward(branch) : branch)
    return this.act3.forward(residual.add(this.downsample ? this.downsample.forward(x) : x))
  }

  lastNorm(): Module {
    return this.bn3
  }
}

export const basicBlock: ResidualBlockKind = { expansion: 1, make: (spec) => new TimmBasicBlock(spec) }
export const bottleneck: ResidualBlockKind = { expansion: 4, make: (spec) => new TimmBottleneck(spec) }
