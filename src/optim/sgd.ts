import { type Tensor, where } from '../tensor/index.ts'
import { runtimeScalar } from '../tensor/runtime-input.ts'
import { Optimizer, type ParameterRule } from './optimizer.ts'
import { checkRange, type OptimizerOptions, type ParamGroup, type Params } from './parameter-groups.ts'
import { penalized } from './rule.ts'

export interface SGDOptions extends OptimizerOptions {
  /** 0: none. */
  momentum: number
  /** Share of the gradient that does not enter the momentum, from the second step on. */
  dampening: number
  /** Factor of the L2 penalty. */
  weightDecay: number
  nesterov: boolean
  maximize: boolean
}

/** Stochastic gradient descent, with momentum as in Sutskever et al. 2013 and PyTorch: the velocity excludes lr. */
export class SGD extends Optimizer<SGDOptions> {
  protected readonly structural = ['momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize'] as const

  /** lr is 0.001 and everything else off unless given. */
  constructor(params: Params<SGDOptions>, options: Partial<SGDOptions> = {}) {
    const off = { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false }
    super('SGD', params, { lr: 1e-3, ...off }, options)
  }

  protected check({ lr, momentum, weightDecay, dampening, nesterov }: SGDOptions): void {
    checkRange('SGD', 'lr', lr)
    checkRange('SGD', 'momentum', momentum)
    checkRange('SGD', 'weightDecay', weightDecay)
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new RangeError(
        `SGD: nesterov needs a momentum above 0 and no dampening, got momentum ${momentum}, dampening ${dampening}`,
      )
    }
  }

  protected stateNames({ momentum }: SGDOptions): readonly string[] {
    return momentum === 0 ? [] : ['momentumBuffer']
  }

  protected countsSteps({ momentum, dampening }: SGDOptions): boolean {
    return momentum !== 0 && dampening !== 0
  }

  protected rule(group: ParamGroup<SGDOptions>, steps: () => Tensor): ParameterRule {
    const lr = runtimeScalar(() => group.lr)
    const momentum = runtimeScalar(() => group.momentum)
    const towards = penalized(group)
    // The first gradient enters the momentum whole.
    const shares = this.countsSteps(group)
      ? where(
          steps().eq(1),
          1,
          runtimeScalar(() => 1 - group.dampening),
        )
      : undefined
    return ({ index, parameter, gradient, read, write }) => {
      let direction = towards(gradient, parameter)
      if (group.momentum !== 0) {
        const share = shares ? direction.mul(shares.select(0, index)) : direction
        const buffer = write('momentumBuffer', read('momentumBuffer').mul(momentum).add(share))
        direction = group.nesterov ? direction.add(buffer.mul(momentum)) : buffer
      }
      return parameter.sub(direction.mul(lr))
    }
  }
}

export function sgd(params: Params<SGDOptions>, options?: Partial<SGDOptions>): SGD {
  return new SGD(params, options)
}
