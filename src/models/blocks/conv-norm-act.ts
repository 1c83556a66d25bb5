import type { Pair } from '../../graph/node.ts'
import {
  BatchNorm2d,
  Conv2d,
  type Conv2dOptions,
  init,
  Module,
  Parameter,
  Sequential,
} from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { type Activation, activationLayer } from './activation.ts'

/** A normalisation layer over the given channels. */
export type NormLayer = (channels: number) => Module

export interface ConvNormActOptions extends Conv2dOptions {
  /** Batch normalization unless given; null for none. */
  readonly norm?: NormLayer | null
  /** ReLU unless given; null for none. */
  readonly activation?: Activation | null
}

export const batchNorm = (eps = 1e-5, momentum = 0.1): NormLayer => {
  return (channels) => new BatchNorm2d(channels, { eps, momentum })
}

/** Padding that keeps the size at stride 1: half of what a window spans beyond its middle. */
export function samePadding(kernelSize: number | Pair, dilation: number | Pair = 1): Pair {
  const [kernel, spread] = [kernelSize, dilation].map((size) =>
    typeof size === 'number' ? [size, size] : size,
  ) as [Pair, Pair]
  return [0, 1].map((axis) => Math.floor(((kernel[axis]! - 1) * spread[axis]!) / 2)) as unknown as Pair
}

/** Padding that halves sizes at stride 2: as many pixels before as after, or TensorFlow's, which puts the odd one after. */
export type ConvPadding = 'symmetric' | 'sameTensorFlow'

/** What a layer takes as its padding. */
export function paddingOf(padding: ConvPadding, kernelSize: number, dilation = 1): Pair | 'sameTensorFlow' {
  return padding === 'symmetric' ? samePadding(kernelSize, dilation) : padding
}

function layersOf(
  inChannels: number,
  outChannels: number,
  kernelSize: number | Pair,
  { norm = batchNorm(), activation = 'relu', ...options }: ConvNormActOptions,
): { conv: Conv2d; norm: Module | null; act: Module | null } {
  const { dilation = 1, padding = samePadding(kernelSize, dilation), bias = norm === null } = options
  return {
    conv: new Conv2d(inChannels, outChannels, kernelSize, { ...options, padding, bias }),
    norm: norm === null ? null : norm(outChannels),
    act: activation === null ? null : activationLayer(activation, outChannels),
  }
}

/**
 * Convolution, normalisation and activation, named `conv`, `bn` and `act` as timm and pytorchcv name them. Padding keeps the
 * size at stride 1 unless given; a bias only where there is no normalisation unless given.
 */
export class ConvNormAct extends Module {
  conv: Conv2d
  bn: Module | null
  act: Module | null

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | Pair,
    options: ConvNormActOptions = {},
  ) {
    super()
    const { conv, norm, act } = layersOf(inChannels, outChannels, kernelSize, options)
    this.conv = conv
    this.bn = norm
    this.act = act
  }

  override forward(x: Tensor): Tensor {
    const convolved = this.conv.forward(x)
    const normalized: Tensor = this.bn === null ? convolved : this.bn.forward(convolved)
    return this.act === null ? normalized : this.act.forward(normalized)
  }
}

/** As ConvNormAct, as a Sequential with the names '0', '1' and '2', which is torchvision's way. */
export class ConvNormActSequence extends Sequential {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | Pair,
    options: ConvNormActOptions = {},
  ) {
    const { conv, norm, act } = layersOf(inChannels, outChannels, kernelSize, options)
    super(...[conv, norm, act].filter((layer) => layer !== null))
  }
}

/** Starts a normalisation layer at zero, so that the branch that ends with it does (Goyal et al. 2017). */
export function zeroWeight(norm: Module): void {
  if ('weight' in norm && norm.weight instanceof Parameter) init.zeros(norm.weight)
}
