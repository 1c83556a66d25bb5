import type { Tensor } from '../tensor/index.ts'
import { runtimeScalar } from '../tensor/runtime-input.ts'
import { Optimizer, type ParameterRule } from './optimizer.ts'
import { checkRange, type OptimizerOptions, type ParamGroup, type Params } from './parameter-groups.ts'
import { penalized } from './rule.ts'

export interface AdamOptions extends OptimizerOptions {
  /** Decay of the averages of the gradient and of its square, each in 0 <= beta < 1. */
  betas: readonly [number, number]
  /** Added to the denominator. */
  eps: number
  /** Adam: factor of the L2 penalty. AdamW: the share of each parameter that lr times it takes away. */
  weightDecay: number
  /** Uses the largest average of squares so far (Reddi et al. 2018). */
  amsgrad: boolean
  maximize: boolean
}

const defaults = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
} as const

abstract class AdamBase extends Optimizer<AdamOptions> {
  protected readonly structural = ['weightDecay', 'amsgrad', 'maximize'] as const
  /** Whether weight decay shrinks the parameters themselves rather than entering the averages. */
  protected abstract readonly decoupled: boolean

  protected check({ lr, betas, eps, weightDecay }: AdamOptions): void {
    checkRange(this.name, 'lr', lr)
    checkRange(this.name, 'eps', eps)
    checkRange(this.name, 'betas[0]', betas[0], 1)
    checkRange(this.name, 'betas[1]', betas[1], 1)
    checkRange(this.name, 'weightDecay', weightDecay)
  }

  protected stateNames({ amsgrad }: AdamOptions): readonly string[] {
    return amsgrad ? ['expAvg', 'expAvgSq', 'maxExpAvgSq'] : ['expAvg', 'expAvgSq']
  }

  protected countsSteps(): boolean {
    return true
  }

  protected rule(group: ParamGroup<AdamOptions>, steps: () => Tensor): ParameterRule {
    const { amsgrad } = group
    const number = runtimeScalar
    const [beta1, beta2] = [number(() => group.betas[0]), number(() => group.betas[1])]
    const [rest1, rest2] = [number(() => 1 - group.betas[0]), number(() => 1 - group.betas[1])]
    const eps = number(() => group.eps)
    // 1 - beta ** steps, without the cancellation of a difference in float32.
    const correction = (i: 0 | 1): Tensor =>
      steps()
        .mul(number(() => Math.log(group.betas[i])))
        .expm1()
        .neg()
    const stepSizes = number(() => group.lr).div(correction(0))
    const scales = correction(1).sqrt()
    const shrink = number(() => 1 - group.lr * group.weightDecay)
    const decays = this.decoupled && group.weightDecay !== 0
    const towards = this.decoupled
      ? (gradient: Tensor) => (group.maximize ? gradient.neg() : gradient)
      : penalized(group)
    return ({ index, parameter, gradient, read, write }) => {
      const direction = towards(gradient, parameter)
      const start = decays ? parameter.mul(shrink) : parameter
      const mean = write('expAvg', read('expAvg').mul(beta1).add(direction.mul(rest1)))
      const square = write('expAvgSq', read('expAvgSq').mul(beta2).add(direction.square().mul(rest2)))
      const largest = amsgrad ? write('maxExpAvgSq', read('maxExpAvgSq').maximum(square)) : square
      const denominator = largest.sqrt().div(scales.select(0, index)).add(eps)
      return start.sub(mean.div(denominator).mul(stepSizes.select(0, index)))
    }
  }
}

/** Adam (Kingma and Ba 2015), with an L2 penalty for weight decay. */
export class Adam extends AdamBase {
  protected readonly decoupled = false

  /** Unless given: lr 0.001, betas 0.9 and 0.999, eps 1e-8, no weight decay. */
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super('Adam', params, defaults, options)
  }
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
export class AdamW extends AdamBase {
  protected readonly decoupled = true

  /** Unless given: lr 0.001, betas 0.9 and 0.999, eps 1e-8, weight decay 0.01. */
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super('AdamW', params, { ...defaults, weightDecay: 1e-2 }, options)
  }
}

export function adam(params: Params<AdamOptions>, options?: Partial<AdamOptions>): Adam {
  return new Adam(params, options)
}

export function adamW(params: Params<AdamOptions>, options?: Partial<AdamOptions>): AdamW {
  return new AdamW(params, options)
}
