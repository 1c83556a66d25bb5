import { Conv2d, Linear, Module } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { type Activation, activationLayer } from './activation.ts'

export interface SqueezeExciteOptions {
  /** Between the two layers; ReLU unless given. */
  readonly activation?: Activation
  /** What turns the second layer's outputs into factors; the sigmoid unless given. */
  readonly gate?: Activation
  /** Of both layers; true unless given. */
  readonly bias?: boolean
  /** 1x1 convolutions over the pooled map, or linear layers over the pooled vector. */
  readonly layer?: 'conv' | 'linear'
  /** Channels of the outputs, where they are not those of the map that is squeezed. */
  readonly outChannels?: number
  /** The names of the two layers in state dicts; 'fc1' and 'fc2' unless given. */
  readonly names?: readonly [reduce: string, expand: string]
}

/**
 * Squeeze-and-excitation (Hu et al. 2017, section 3): channels scaled by what two small layers make of their means.
 * Takes and gives [batch, channels, height, width].
 */
export class SqueezeExcite extends Module {
  readonly #names: readonly [string, string]
  readonly #reduce: Conv2d | Linear
  readonly #expand: Conv2d | Linear
  readonly #activation: Module
  readonly #gate: Module

  constructor(channels: number, hidden: number, options: SqueezeExciteOptions = {}) {
    super()
    const { activation = 'relu', gate = 'sigmoid', bias = true, layer = 'conv' } = options
    const { names = ['fc1', 'fc2'], outChannels = channels } = options
    const make = (from: number, to: number): Conv2d | Linear =>
      layer === 'conv' ? new Conv2d(from, to, 1, { bias }) : new Linear(from, to, { bias })
    this.#names = names
    this.#reduce = make(channels, hidden)
    this.#expand = make(hidden, outChannels)
    this.#activation = activationLayer(activation, hidden)
    this.#gate = activationLayer(gate, outChannels)
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    yield [this.#names[0], this.#reduce]
    yield [this.#names[1], this.#expand]
  }

  /** The factors [batch, channels, 1, 1] by which the channels of x are to be multiplied. */
  factors(x: Tensor): Tensor {
    const linear = this.#reduce instanceof Linear
    const pooled = x.mean([2, 3], !linear)
    const hidden = this.#activation.forward(this.#reduce.forward(pooled))
    const factors: Tensor = this.#gate.forward(this.#expand.forward(hidden))
    return linear ? factors.reshape([...factors.shape, 1, 1]) : factors
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.factors(x))
  }
}
