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

/** The numbers of layers with which stages end: before each layer that strides, and after the last. */
export function mobileStageEnds(layers: readonly MobileLayer[]): readonly number[] {
  const ends = layers.flatMap(({ stride }, i) => (i > 0 && stride > 1 ? [i] : []))
  return [...ends, layers.length]
}

/** The outputs of the stages, behind a stem of stride 2; `nameOf` names a layer's module by its position. */
export function mobileFeatureInfo(
  layers: readonly MobileLayer[],
  nameOf: (position: number) => string,
): readonly FeatureInfo[] {
  return mobileStageEnds(layers).map((end) => ({
    name: nameOf(end - 1),
    channels: layers[end - 1]!.outChannels,
    stride: layers.slice(0, end).reduce((product, { stride }) => product * stride, 2),
  }))
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
