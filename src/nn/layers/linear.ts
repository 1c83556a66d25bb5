import { zeros } from '../../tensor/create.ts'
import { checkOption, checkOptions, type OptionKinds } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { embedding, linear } from '../functional/linear.ts'
import { defaultInit, normal } from '../init.ts'
import { Module } from '../module.ts'
import { type Parameter, parameter } from '../parameter.ts'
import { represent } from './represent.ts'

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean
}

const linearKinds: OptionKinds<LinearOptions> = { bias: 'flag' }

/** x [..., inFeatures] times the transpose of a weight [out, in], plus a bias. */
export class Linear extends Module {
  weight: Parameter
  bias: Parameter | null
  readonly inFeatures: number
  readonly outFeatures: number

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    checkOptions('Linear', options, linearKinds)
    for (const [name, features] of Object.entries({ inFeatures, outFeatures })) {
      checkOption('Linear', name, features, 'count')
    }
    const { bias = true } = options
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    this.weight = parameter(zeros([outFeatures, inFeatures]))
    this.bias = bias ? parameter(zeros([outFeatures])) : null
    this.resetParameters()
  }

  /** Draws weight and bias anew, as PyTorch does. */
  resetParameters(): void {
    defaultInit(this.weight, this.bias)
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias)
  }

  override extraRepr(): string {
    return represent([this.inFeatures, this.outFeatures], { bias: this.bias !== null }, { bias: true })
  }
}

/** Rows of a weight [count, width] by int32 index of any shape: [..., width]. */
export class Embedding extends Module {
  weight: Parameter

  constructor(count: number, width: number) {
    super()
    this.weight = parameter(zeros([count, width]))
    this.resetParameters()
  }

  resetParameters(): void {
    normal(this.weight)
  }

  override forward(index: Tensor): Tensor {
    return embedding(index, this.weight)
  }

  override extraRepr(): string {
    return represent(this.weight.shape)
  }
}
