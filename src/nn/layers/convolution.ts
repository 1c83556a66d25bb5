import type { Pair } from '../../graph/node.ts'
import { zeros } from '../../tensor/create.ts'
import { checkOption, checkOptions, type OptionKinds } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { checkPadding, type Padding, pairOf, type Size2d } from '../functional/arguments.ts'
import {
  type ConvTranspose2dOptions as ConvTranspose2dArguments,
  conv1d,
  conv2d,
  convTranspose2d,
} from '../functional/convolution.ts'
import { conv1dKinds, conv2dKinds, convTranspose2dKinds } from '../functional/options.ts'
import { type PadMode, pad } from '../functional/padding.ts'
import { defaultInit } from '../init.ts'
import { Module } from '../module.ts'
import { type Parameter, parameter } from '../parameter.ts'
import { represent } from './represent.ts'

export interface Conv2dOptions {
  readonly stride?: Size2d
  /** One number, [height, width], [top, bottom, left, right], 'valid', 'same' or 'sameTensorFlow'. */
  readonly padding?: Padding
  readonly dilation?: Size2d
  readonly groups?: number
  /** Default true. */
  readonly bias?: boolean
  /** What padding is made of; default 'zeros'. The others need padding in numbers. */
  readonly paddingMode?: 'zeros' | Exclude<PadMode, 'constant'>
}

const conv2dLayerKinds: OptionKinds<Conv2dOptions> = {
  ...conv2dKinds,
  bias: 'flag',
  paddingMode: ['zeros', 'reflect', 'replicate', 'circular'],
}

/** Two-dimensional convolution of images [n, inChannels, h, w]. The weight is [out, in / groups, kh, kw]. */
export class Conv2d extends Module {
  weight: Parameter
  bias: Parameter | null
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Padding
  readonly dilation: Pair
  readonly groups: number
  readonly paddingMode: 'zeros' | Exclude<PadMode, 'constant'>

  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: Conv2dOptions = {}) {
    super()
    checkOptions('Conv2d', options, conv2dLayerKinds)
    const { padding = 0, groups = 1, bias = true, paddingMode = 'zeros' } = options
    checkPadding('Conv2d', padding)
    checkGroups('Conv2d', inChannels, outChannels, groups)
    if (paddingMode !== 'zeros' && typeof padding === 'string') {
      throw new TypeError(`Conv2d: paddingMode '${paddingMode}' needs padding in numbers, got '${padding}'`)
    }
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = pairOf('Conv2d', 'kernelSize', kernelSize, 1)
    this.stride = pairOf('Conv2d', 'stride', options.stride ?? 1, 1)
    this.padding = padding
    this.dilation = pairOf('Conv2d', 'dilation', options.dilation ?? 1, 1)
    this.groups = groups
    this.paddingMode = paddingMode
    this.weight = parameter(zeros([outChannels, inChannels / groups, ...this.kernelSize]))
    this.bias = bias ? parameter(zeros([outChannels])) : null
    this.resetParameters()
  }

  /** Draws weight and bias anew, as PyTorch does. */
  resetParameters(): void {
    defaultInit(this.weight, this.bias)
  }

  override forward(x: Tensor): Tensor {
    const { stride, dilation, groups, paddingMode } = this
    const shared = { stride, dilation, groups }
    if (paddingMode === 'zeros') {
      return conv2d(x, this.weight, this.bias, { ...shared, padding: this.padding })
    }
    const padded = pad(x, lastAxisFirst(this.padding as Exclude<Padding, string>), { mode: paddingMode })
    return conv2d(padded, this.weight, this.bias, shared)
  }

  override extraRepr(): string {
    const { inChannels, outChannels, kernelSize, stride, padding, dilation, groups, paddingMode } = this
    const options = {
      kernelSize,
      stride,
      padding,
      dilation,
      groups,
      paddingMode,
      bias: this.bias !== null,
    }
    const defaults = { padding: 0, dilation: [1, 1], groups: 1, paddingMode: 'zeros', bias: true }
    return represent([inChannels, outChannels], options, defaults)
  }
}

/** Left, right, top, bottom, as `pad` takes them. */
function lastAxisFirst(padding: Exclude<Padding, string>): number[] {
  if (typeof padding === 'number') return [padding, padding, padding, padding]
  if (padding.length === 2) return [padding[1], padding[1], padding[0], padding[0]]
  const [top, bottom, left, right] = padding
  return [left, right, top, bottom]
}

export interface Conv1dOptions {
  readonly stride?: number
  readonly padding?: number | 'valid' | 'same'
  readonly dilation?: number
  readonly groups?: number
  readonly bias?: boolean
}

const conv1dLayerKinds: OptionKinds<Conv1dOptions> = { ...conv1dKinds, bias: 'flag' }

/** One-dimensional convolution of [n, inChannels, length]. The weight is [out, in / groups, k]. */
export class Conv1d extends Module {
  weight: Parameter
  bias: Parameter | null
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: number
  readonly stride: number
  readonly padding: number | 'valid' | 'same'
  readonly dilation: number
  readonly groups: number

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dOptions = {}) {
    super()
    checkOptions('Conv1d', options, conv1dLayerKinds)
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options
    if (typeof padding === 'string') checkOption('Conv1d', 'padding', padding, ['valid', 'same'])
    checkGroups('Conv1d', inChannels, outChannels, groups)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = kernelSize
    this.stride = stride
    this.padding = padding
    this.dilation = dilation
    this.groups = groups
    this.weight = parameter(zeros([outChannels, inChannels / groups, kernelSize]))
    this.bias = bias ? parameter(zeros([outChannels])) : null
    this.resetParameters()
  }

  /** Draws weight and bias anew, as PyTorch does. */
  resetParameters(): void {
    defaultInit(this.weight, this.bias)
  }

  override forward(x: Tensor): Tensor {
    const { stride, padding, dilation, groups } = this
    return conv1d(x, this.weight, this.bias, { stride, padding, dilation, groups })
  }

  override extraRepr(): string {
    const { inChannels, outChannels, kernelSize, stride, padding, dilation, groups } = this
    const options = { kernelSize, stride, padding, dilation, groups, bias: this.bias !== null }
    return represent([inChannels, outChannels], options, { padding: 0, dilation: 1, groups: 1, bias: true })
  }
}

export interface ConvTranspose2dOptions extends ConvTranspose2dArguments {
  /** Default true. */
  readonly bias?: boolean
}

const convTranspose2dLayerKinds: OptionKinds<ConvTranspose2dOptions> = {
  ...convTranspose2dKinds,
  bias: 'flag',
}

/** Transposed convolution of images [n, inChannels, h, w]. The weight is [in, out / groups, kh, kw]. */
export class ConvTranspose2d extends Module {
  weight: Parameter
  bias: Parameter | null
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly outputPadding: Pair
  readonly dilation: Pair
  readonly groups: number

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: ConvTranspose2dOptions = {},
  ) {
    super()
    const op = 'ConvTranspose2d'
    checkOptions(op, options, convTranspose2dLayerKinds)
    const { groups = 1, bias = true } = options
    checkGroups(op, inChannels, outChannels, groups)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = pairOf(op, 'kernelSize', kernelSize, 1)
    this.stride = pairOf(op, 'stride', options.stride ?? 1, 1)
    this.padding = pairOf(op, 'padding', options.padding ?? 0, 0)
    this.outputPadding = pairOf(op, 'outputPadding', options.outputPadding ?? 0, 0)
    this.dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1)
    this.groups = groups
    this.weight = parameter(zeros([inChannels, outChannels / groups, ...this.kernelSize]))
    this.bias = bias ? parameter(zeros([outChannels])) : null
    this.resetParameters()
  }

  /** Draws weight and bias anew, as PyTorch does. */
  resetParameters(): void {
    defaultInit(this.weight, this.bias)
  }

  override forward(x: Tensor): Tensor {
    const { stride, padding, outputPadding, dilation, groups } = this
    return convTranspose2d(x, this.weight, this.bias, { stride, padding, outputPadding, dilation, groups })
  }

  override extraRepr(): string {
    const { inChannels, outChannels, kernelSize, stride, padding, outputPadding, dilation, groups } = this
    const bias = this.bias !== null
    const options = { kernelSize, stride, padding, outputPadding, dilation, groups, bias }
    const none = [0, 0]
    const defaults = { padding: none, outputPadding: none, dilation: [1, 1], groups: 1, bias: true }
    return represent([inChannels, outChannels], options, defaults)
  }
}

function checkGroups(layer: string, inChannels: number, outChannels: number, groups: number): void {
  for (const [name, channels] of Object.entries({ inChannels, outChannels })) {
    if (!Number.isInteger(channels) || channels < 1) {
      throw new RangeError(`${layer}: ${name} must be a positive integer, got ${channels}`)
    }
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
      throw new RangeError(`${layer}: ${name} = ${channels} does not divide into ${groups} groups`)
    }
  }
}
