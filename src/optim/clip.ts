import { noGrad, stack, Tensor, tensor } from '../tensor/index.ts'
import { forgetGradient, wantGradient, wantLoss } from '../tensor/pending.ts'
import { runtimeScalar } from '../tensor/runtime-input.ts'
import { gradientOf } from '../tensor/tensor.ts'

export interface ClipNormOptions {
  /** 2 unless given; Infinity for the largest magnitude. */
  readonly normType?: number
}

/**
 * Scales all gradients down together so that their norm, taken as one vector, is at most `maxNorm`. Returns the norm from
 * before, a tensor of rank 0, computed with the step. Parameters without a gradient are left out. A norm that is NaN or
 * infinite makes the gradients so: give it to the update as its guard to leave the parameters alone.
 */
export function clipGradNorm(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  options: ClipNormOptions = {},
): Tensor {
  const { normType = 2 } = options
  requirePositive('clipGradNorm', 'maxNorm', maxNorm)
  requirePositive('clipGradNorm', 'normType', normType)
  const list = withGradient(parameters)
  if (list.length === 0) return tensor(0, [])
  return noGrad(() => {
    const total = norm(stack(list.map(({ grad }) => norm(grad, normType))), normType)
    wantLoss(total.binding)
    const scale = runtimeScalar(() => maxNorm)
      .div(total.add(1e-6))
      .clamp(undefined, 1)
    for (const { parameter, grad } of list) replaceGradient(parameter, grad.mul(scale))
    return total
  })
}

/** Limits every element of every gradient to the range -clipValue to clipValue. */
export function clipGradValue(parameters: Tensor | Iterable<Tensor>, clipValue: number): void {
  requirePositive('clipGradValue', 'clipValue', clipValue)
  noGrad(() => {
    const high = runtimeScalar(() => clipValue)
    const low = runtimeScalar(() => -clipValue)
    for (const { parameter, grad } of withGradient(parameters)) {
      replaceGradient(parameter, grad.maximum(low).minimum(high))
    }
  })
}

function withGradient(parameters: Tensor | Iterable<Tensor>): { parameter: Tensor; grad: Tensor }[] {
  const list = parameters instanceof Tensor ? [parameters] : [...parameters]
  return list.flatMap((parameter) => {
    const grad = gradientOf(parameter)
    return grad === null ? [] : [{ parameter, grad }]
  })
}

function norm(x: Tensor, type: number): Tensor {
  if (type === Number.POSITIVE_INFINITY) return x.abs().amax()
  if (type === 2) return x.square().sum().sqrt()
  if (type === 1) return x.abs().sum()
  return x
    .abs()
    .pow(type)
    .sum()
    .pow(1 / type)
}

function replaceGradient(parameter: Tensor, gradient: Tensor): void {
  if (parameter.grad !== null) {
    forgetGradient(parameter.grad.binding)
    gradient.label = parameter.grad.label
  }
  parameter.grad = gradient
  wantGradient(gradient.binding)
}

function requirePositive(what: string, name: string, value: number): void {
  if (!(value > 0)) throw new RangeError(`${what}: ${name} must be above 0, got ${value}`)
}
