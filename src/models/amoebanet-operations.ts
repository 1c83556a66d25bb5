import { BatchNorm2d, Conv2d, F, init, type Linear, Module, ReLU } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { Operation } from './amoebanet-cells.ts'

const same = 'sameTensorFlow'
export const normOver = (channels: number): BatchNorm2d =>
  new BatchNorm2d(channels, { eps: 1e-3, momentum: 0.0003 })

type Kernel = number | readonly [number, number]

export function convolution(
  from: number,
  to: number,
  kernel: Kernel,
  stride: Kernel = 1,
  groups = 1,
): Conv2d {
  const layer = new Conv2d(from, to, kernel, { stride, padding: same, groups, bias: false })
  initialize(layer, (to / groups) * layer.kernelSize[0] * layer.kernelSize[1])
  return layer
}

export function initialize(layer: Conv2d | Linear, fanOut: number): void {
  const std = Math.sqrt((1.3 * 2) / fanOut)
  init.truncNormal(layer.weight, { std, a: -2 * std, b: 2 * std })
  if (layer.bias) init.zeros(layer.bias)
}

class SeparableConv extends Module {
  depthwise: Conv2d
  pointwise: Conv2d

  constructor(from: number, to: number, kernel: number, stride: number) {
    super()
    this.depthwise = convolution(from, from, kernel, stride, from)
    this.pointwise = convolution(from, to, 1)
  }

  override forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.depthwise.forward(x))
  }
}

class Pool extends Module {
  readonly #average: boolean
  readonly #size: number
  readonly #stride: number

  constructor(average: boolean, size: number, stride: number) {
    super()
    this.#average = average
    this.#size = size
    this.#stride = stride
  }

  override forward(x: Tensor): Tensor {
    const window = { stride: this.#stride, padding: same } as const
    return this.#average
      ? F.avgPool2d(x, this.#size, { ...window, countIncludePad: false })
      : F.maxPool2d(x, this.#size, window)
  }
}

/** The layers of an operation by the reference's names; none for one that keeps its input. */
export function layersOf(
  operation: Operation,
  from: number,
  to: number,
  stride: number,
): Record<string, Module> {
  if (operation === 'none' || operation === '1x1') {
    if (operation === 'none' && stride === 1 && from === to) return {}
    return { relu: new ReLU(), '1x1': convolution(from, to, 1, stride), bn_1: normOver(to) }
  }
  const kernel = Number(/(\d)x/.exec(operation)![1])
  if (operation.includes('pool')) {
    const pool = new Pool(operation.startsWith('avg'), kernel, stride)
    return from === to ? { pool } : { pool, '1x1': convolution(from, to, 1), bn_1: normOver(to) }
  }
  if (operation.startsWith('separable')) {
    const name = `${kernel}x${kernel}`
    return {
      relu_1: new ReLU(),
      [`separable_${name}_1`]: new SeparableConv(from, to, kernel, stride),
      [`bn_sep_${name}_1`]: normOver(to),
      relu_2: new ReLU(),
      [`separable_${name}_2`]: new SeparableConv(to, to, kernel, 1),
      [`bn_sep_${name}_2`]: normOver(to),
    }
  }
  const hidden = Math.floor(to / 4)
  const middle =
    operation === '3x3'
      ? { '3x3': convolution(hidden, hidden, 3, stride) }
      : {
          '1x7': convolution(hidden, hidden, [1, 7], [1, stride]),
          bn_1x7_7x1: normOver(hidden),
          relu_3: new ReLU(),
          '7x1': convolution(hidden, hidden, [7, 1], [stride, 1]),
        }
  return {
    relu_1: new ReLU(),
    pre_1x1: convolution(from, hidden, 1),
    pre_bn: normOver(hidden),
    relu_2: new ReLU(),
    ...middle,
    bn: normOver(hidden),
    relu_4: new ReLU(),
    post_1x1: convolution(hidden, to, 1),
    post_bn: normOver(to),
  }
}

/**
 * Halves the size without skipping places: every other one, and every other one of the map moved by a pixel. Each gives half
 * of the channels; of an odd number, which the reference refuses, one is normalized with them but left out.
 */
export class FactorizedReduction extends Module {
  path1_conv: Conv2d
  path2_conv: Conv2d
  final_path_bn: BatchNorm2d
  readonly outChannels: number

  constructor(from: number, to: number) {
    super()
    const half = Math.floor(to / 2)
    this.path1_conv = convolution(from, half, 1, 2)
    this.path2_conv = convolution(from, half, 1, 2)
    this.final_path_bn = normOver(to)
    this.outChannels = 2 * half
  }

  override forward(x: Tensor): Tensor {
    const [height, width] = x.shape.slice(2) as [number, number]
    const moved = F.pad(x, [0, 1, 0, 1]).narrow(2, 1, height).narrow(3, 1, width)
    const both = concat([this.path1_conv.forward(x), this.path2_conv.forward(moved)], 1)
    const missing = this.final_path_bn.numFeatures - this.outChannels
    if (missing === 0) return this.final_path_bn.forward(both)
    return this.final_path_bn.forward(F.pad(both, [0, 0, 0, 0, 0, missing])).narrow(1, 0, this.outChannels)
  }
}
