import type { Tensor } from '../tensor/index.ts'
import { runtimeScalar } from '../tensor/runtime-input.ts'

interface Direction {
  readonly maximize: boolean
  readonly weightDecay: number
}

/** The gradient to descend: negated to maximize, with the gradient of the L2 penalty added. */
export function penalized(group: Direction): (gradient: Tensor, parameter: Tensor) => Tensor {
  const weightDecay = runtimeScalar(() => group.weightDecay)
  return (gradient, parameter) => {
    const signed = group.maximize ? gradient.neg() : gradient
    return group.weightDecay === 0 ? signed : signed.add(parameter.mul(weightDecay))
  }
}
