import type { Tensor } from '../tensor/index.ts'
import { runtimeScalar } from '../tensor/runtime-input.ts'
import { Optimizer, type ParameterRule } from './optimizer.ts'
import { checkRange, type OptimizerOptions, type ParamGroup, type Params } from './parameter-groups.ts'
import { penalized } from './rule.ts'

export interface RMSpropOptions extends OptimizerOptions {
  /** Decay of the average of squared gradients. */
  alpha: number
  /** Added to the denominator. */
  eps: number
  /** Factor of the L2 penalty. */
  weightDecay: number
  /** 0: none. */
  momentum: number
  /** Divides by an estimate of the gradient's standard deviation (Graves 2013). */
  centered: boolean
  maximize: boolean
}

/** RMSprop (Tieleman and Hinton 2012). As in PyTorch, eps is added after the square root; TensorFlow adds it before. */
export class RMSprop extends Optimizer<RMSpropOptions> {
  protected readonly structural = ['weightDecay', 'momentum', 'centered', 'maximize'] as const

  /** Unless given: lr 0.01, alpha 0.99, eps 1e-8, no weight decay, no momentum. */
  constructor(params: Params<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    const off = { weightDecay: 0, momentum: 0, centered: false, maximize: false }
    super('RMSprop', params, { lr: 1e-2, alpha: 0.99, eps: 1e-8, ...off }, options)
  }

  protected check({ lr, alpha, eps, weightDecay, momentum }: RMSpropOptions): void {
    for (const [name, value] of Object.entries({ lr, alpha, eps, weightDecay, momentum })) {
      checkRange('RMSprop', name, value)
    }
  }

  protected stateNames({ momentum, centered }: RMSpropOptions): readonly string[] {
    return ['squareAvg', ...(centered ? ['gradAvg'] : []), ...(momentum === 0 ? [] : ['momentumBuffer'])]
  }

  protected countsSteps(): boolean {
    return false
  }

  protected rule(group: ParamGroup<RMSpropOptions>): ParameterRule {
    const { centered } = group
    const lr = runtimeScalar(() => group.lr)
    const alpha = runtimeScalar(() => group.alpha)
    const rest = runtimeScalar(() => 1 - group.alpha)
    const eps = runtimeScalar(() => group.eps)
    const momentum = runtimeScalar(() => group.momentum)
    const towards = penalized(group)
    return ({ parameter, gradient, read, write }) => {
      const direction = towards(gradient, parameter)
      const average = (name: string, value: Tensor): Tensor =>
        write(name, read(name).mul(alpha).add(value.mul(rest)))
      let variance = average('squareAvg', direction.square())
      if (centered) variance = variance.sub(average('gradAvg', direction).square())
      let change = direction.div(variance.sqrt().add(eps))
      if (group.momentum !== 0) {
        change = write('momentumBuffer', read('momentumBuffer').mul(momentum).add(change))
      }
      return parameter.sub(change.mul(lr))
    }
  }
}

export function rmsprop(params: Params<RMSpropOptions>, options?: Partial<RMSpropOptions>): RMSprop {
  return new RMSprop(params, options)
}
