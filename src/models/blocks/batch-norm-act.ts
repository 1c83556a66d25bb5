import { BatchNorm2d, type BatchNormOptions, type Module } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { type Activation, activationLayer } from './activation.ts'

/** Batch normalization with an activation after it, in one layer as timm has them, under the names of the former. */
export class BatchNormAct2d extends BatchNorm2d {
  readonly #act: Module | null

  /** `activation` null for none. */
  constructor(channels: number, activation: Activation | null, options: BatchNormOptions = {}) {
    super(channels, options)
    this.#act = activation === null ? null : activationLayer(activation, channels)
  }

  override forward(x: Tensor): Tensor {
    const normalized = super.forward(x)
    return this.#act === null ? normalized : this.#act.forward(normalized)
  }
}
