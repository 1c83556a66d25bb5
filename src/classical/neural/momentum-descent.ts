import { Optimizer, type OptimizerOptions, type ParameterRule, type ParamGroup } from '../../optim/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { runtimeScalar } from '../../tensor/runtime-input.ts'

interface MomentumOptions extends OptimizerOptions {
  momentum: number
  nesterov: boolean
}

/**
 * Gradient descent whose velocity v = momentum v - lr gradient has the learning rate in it, as scikit-learn's: a change of
 * the rate acts on new gradients alone. PyTorch's, which `optim.sgd` follows, multiplies the whole velocity by it.
 */
export class MomentumDescent extends Optimizer<MomentumOptions> {
  protected readonly structural = ['nesterov'] as const

  constructor(params: Iterable<Tensor>, options: MomentumOptions) {
    super('MomentumDescent', params, options, {})
  }

  // The estimators check their options themselves.
  protected check(): void {}

  protected stateNames(): readonly string[] {
    return ['velocity']
  }

  protected countsSteps(): boolean {
    return false
  }

  protected rule(group: ParamGroup<MomentumOptions>): ParameterRule {
    const lr = runtimeScalar(() => group.lr)
    const momentum = runtimeScalar(() => group.momentum)
    return ({ parameter, gradient, read, write }) => {
      const change = gradient.mul(lr)
      const velocity = write('velocity', read('velocity').mul(momentum).sub(change))
      return parameter.add(group.nesterov ? velocity.mul(momentum).sub(change) : velocity)
    }
  }
}
