import type { Tensor } from '../tensor/index.ts'
import { runtimeScalar } from '../tensor/runtime-input.ts'
import { Optimizer, type ParameterRule } from './optimizer.ts'
import { checkRange, type OptimizerOptions, type ParamGroup, type Params } from './parameter-groups.ts'
import { penalized } from './rule.ts'

export interface AdamaxOptions extends OptimizerOptions {
  /** Decay of the average of the gradient and of its largest magnitude, each in 0 <= beta < 1. */
  betas: readonly [number, number]
  /** Added to the gradient's magnitude. */
  eps: number
  /** Factor of the L2 penalty. */
  weightDecay: number
  maximize: boolean
}

/** Adamax (Kingma and Ba 2015, section 7.1): Adam with the largest magnitude so far, decayed, in place of a mean square. */
export class Adamax extends Optimizer<AdamaxOptions> {
  protected readonly structural = ['weightDecay', 'maximize'] as const

  /** Unless given: lr 0.002, betas 0.9 and 0.999, eps 1e-8, no weight decay. */
  constructor(params: Params<AdamaxOptions>, options: Partial<AdamaxOptions> = {}) {
    const defaults = { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false } as const
    super('Adamax', params, defaults, options)
  }

  protected check({ lr, betas, eps, weightDecay }: AdamaxOptions): void {
    checkRange('Adamax', 'lr', lr)
    checkRange('Adamax', 'eps', eps)
    checkRange('Adamax', 'betas[0]', betas[0], 1)
    checkRange('Adamax', 'betas[1]', betas[1], 1)
    checkRange('Adamax', 'weightDecay', weightDecay)
  }

  protected stateNames(): readonly string[] {
    return ['expAvg', 'expInf']
  }

  protected countsSteps(): boolean {
    return true
  }

  protected rule(group: ParamGroup<AdamaxOptions>, steps: () => Tensor): ParameterRule {
    const number = runtimeScalar
    const [beta1, beta2] = [number(() => group.betas[0]), number(() => group.betas[1])]
    const rest1 = number(() => 1 - group.betas[0])
    const eps = number(() => group.eps)
    // 1 - beta ** steps, without the cancellation of a difference in float32.
    const correction = steps()
      .mul(number(() => Math.log(group.betas[0])))
      .expm1()
      .neg()
    const stepSizes = number(() => group.lr).div(correction)
    const towards = penalized(group)
    return ({ index, parameter, gradient, read, write }) => {
      const direction = towards(gradient, parameter)
      const mean = write('expAvg', read('expAvg').mul(beta1).add(direction.mul(rest1)))
      const largest = write('expInf', read('expInf').mul(beta2).maximum(direction.abs().add(eps)))
      return parameter.sub(mean.div(largest).mul(stepSizes.select(0, index)))
    }
  }
}

export function adamax(params: Params<AdamaxOptions>, options?: Partial<AdamaxOptions>): Adamax {
  return new Adamax(params, options)
}
