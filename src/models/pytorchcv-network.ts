import { Conv2d, init, type Linear, type Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type FeatureInfo, Network } from './network.ts'

/** Modules by name, with the channels and the stride of what the stages among them give. */
export interface Part {
  readonly name: string
  readonly module: Module
  readonly channels: number
  readonly stride: number
}

/**
 * pytorchcv's classifiers: `features` of an `init_block`, of `stage1`, `stage2`, … and perhaps of a `final_block`, then
 * `output`. Its pooling over 7x7 pixels, all that are left of an image of 224, is one over all pixels here.
 */
export abstract class PytorchcvNetwork extends Network {
  features: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(parts: readonly Part[], numClasses: number) {
    super()
    this.numClasses = numClasses
    this.features = new Sequential(...parts.map(({ name, module }) => [name, module] as const))
    this.featureInfo = parts
      .map(({ name, channels, stride }) => ({ name: `features.${name}`, channels, stride }))
      .filter(({ stride }, i, all) => stride !== all[i + 1]?.stride)
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.features].reduce((y, part) => this.stage(part, y), x)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }
}

/** Kaiming's uniform weights and no bias at first, in every convolution: what pytorchcv starts most networks from. */
export function initializeConvolutions(network: Network): void {
  for (const module of network.modules()) if (module instanceof Conv2d) initializeConvolution(module)
}

export function initializeConvolution(layer: Conv2d | Linear): void {
  init.kaimingUniform(layer.weight)
  if (layer.bias) init.zeros(layer.bias)
}

/** The units of a stage, named 'unit1', 'unit2', … */
export function stageOf(units: readonly Module[]): Sequential {
  return new Sequential(...units.map((unit, i) => [`unit${i + 1}`, unit] as const))
}
