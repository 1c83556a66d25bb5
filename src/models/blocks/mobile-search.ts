import { Conv2d, init, Linear, type Module } from '../../nn/index.ts'
import type { FeatureInfo } from '../network.ts'

/** An inverted residual as search spaces of mobile networks offer it. */
export interface MobileChoice {
  readonly kernel: number
  /** Channels of the depthwise convolution as a multiple of the input's. */
  readonly expansion: number
  readonly squeeze: boolean
}

/** Channels and stride of a stage's first layer. */
export type MobileStage = readonly [channels: number, stride: number]

export interface MobileLayer {
  /** Null for a layer that was left out, which passes its input on. */
  readonly choice: MobileChoice | null
  readonly inChannels: number
  readonly outChannels: number
  readonly stride: number
  readonly firstOfStage: boolean
}

/**
 * The layers that a genotype such as 'k5e3s - | k7e6' stands for: kernel, expansion and 's' for squeeze-and-excitation, or
 * '-' for a layer that was left out; a bar between stages.
 */
export function mobileLayers(
  inChannels: number,
  stages: readonly MobileStage[],
  genotype: string,
): readonly MobileLayer[] {
  return genotype.split('|').flatMap((layers, at) => {
    const [outChannels, firstStride] = stages[at]!
    return layers
      .trim()
      .split(/\s+/)
      .map((text, i) => ({
        choice: choiceOf(text),
        inChannels: i > 0 ? outChannels : at > 0 ? stages[at - 1]![0] : inChannels,
        outChannels,
        stride: i === 0 ? firstStride : 1,
        firstOfStage: i === 0,
      }))
  })
}

function choiceOf(text: string): MobileChoice | null {
  if (text === '-') return null
  const [, kernel, expansion, squeeze] = /^k(\d)e(\d)(s?)$/.exec(text)!
  return { kernel: Number(kernel), expansion: Number(expansion), squeeze: squeeze === 's' }
}

/** The outputs before each layer that strides, and the last one; `nameOf` names a layer's module by its position. */
export function mobileFeatureInfo(
  layers: readonly MobileLayer[],
  nameOf: (position: number) => string,
): readonly FeatureInfo[] {
  let stride = 2
  return layers.flatMap(({ outChannels }, i) => {
    stride *= layers[i]!.stride
    const next = layers[i + 1]
    return next === undefined || next.stride > 1 ? [{ name: nameOf(i), channels: outChannels, stride }] : []
  })
}

/**
 * Draws weights as TensorFlow's MnasNet does: convolutions by the fan-out, not divided by groups; linear layers uniformly
 * within 1 / sqrt(outputs); biases are zero.
 */
export function initializeByFanOut(network: Module): void {
  for (const module of network.modules()) {
    if (module instanceof Conv2d) {
      init.kaimingNormal(module.weight, { mode: 'fanOut' })
      if (module.bias) init.zeros(module.bias)
    } else if (module instanceof Linear) {
      initializeClassifierByFanOut(module)
    }
  }
}

/** The last layer of `initializeByFanOut`. */
export function initializeClassifierByFanOut(layer: Linear | Conv2d): void {
  const bound = 1 / Math.sqrt(layer.weight.shape[0]!)
  init.uniform(layer.weight, -bound, bound)
  if (layer.bias) init.zeros(layer.bias)
}
