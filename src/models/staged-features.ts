import { Conv2d, init, type Linear, type Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type FeatureInfo, type HeadOptions, Network } from './network.ts'

/** What a network of pytorchcv's form is made of. */
export interface StagedFeatures {
  readonly stem: Module
  /** Each stage's units and what one of them gives out. */
  readonly stages: readonly { readonly units: readonly Module[]; readonly channels: number }[]
  /** Input pixels to one of the first stage's; each later stage halves the map. */
  readonly stride: number
  /** What follows the last stage before the pooling, such as the activation of pre-activation networks. */
  readonly end?: Module
}

/**
 * A network with pytorchcv's names: `features.init_block`, `features.stageS.unitU`, `features.post_activ` where there is one, and
 * the classifier `output` over the mean of each channel.
 */
export abstract class StagedNetwork extends Network {
  abstract output: Linear
  features: Sequential
  readonly featureInfo: readonly FeatureInfo[]

  constructor({ stem, stages, stride, end }: StagedFeatures) {
    super()
    const named = stages.map(({ units }, i): readonly [string, Module] => [
      `stage${i + 1}`,
      new Sequential(...units.map((unit, j): readonly [string, Module] => [`unit${j + 1}`, unit])),
    ])
    this.features = new Sequential(
      ['init_block', stem],
      ...named,
      ...(end === undefined ? [] : [['post_activ', end] as const]),
    )
    this.featureInfo = stages.map(({ channels }, i) => ({
      name: `features.stage${i + 1}`,
      channels,
      stride: stride * 2 ** i,
    }))
  }

  /** Draws the convolutions' weights as pytorchcv does. */
  protected initializeConvolutions(): void {
    for (const module of this.modules()) {
      if (!(module instanceof Conv2d)) continue
      init.kaimingUniform(module.weight)
      if (module.bias) init.zeros(module.bias)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.features].reduce((y, part) => this.stage(part, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }

  override headNames(): readonly string[] {
    return this.features.keys().includes('post_activ') ? ['features.post_activ', 'output'] : ['output']
  }
}
