import { checkpointRegion, gradients } from '../autograd/index.ts'
import { withGradMode } from '../graph/grad-mode.ts'
import { withCustomGradient } from '../graph/ops/index.ts'
import { type Binding, realizeBindings } from './pending.ts'
import type { RealizeOptions } from './realize.ts'
import { type BackwardOptions, Tensor, wrap } from './tensor.ts'

/** Computes several tensors in one program. */
export async function realize(...args: [...Tensor[], RealizeOptions] | Tensor[]): Promise<void> {
  const bindings: Binding[] = []
  let options: RealizeOptions = {}
  for (const arg of args) {
    if (arg instanceof Tensor) bindings.push(arg.binding)
    else options = arg
  }
  await realizeBindings(bindings, options)
}

/**
 * The gradients of the sum of the outputs (weighted by `gradientsOfOutputs` if given) with respect to each input; zeros
 * where an input is not reached.
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: BackwardOptions & { readonly gradients?: readonly Tensor[] } = {},
): Tensor[] {
  const list = outputs instanceof Tensor ? [outputs] : outputs
  const found = gradients(
    list.map((t) => t.node),
    options.gradients?.map((t) => t.node),
    options,
  )
  return inputs.map((input) => {
    if (!input.requiresGrad) throw new Error(`grad: ${input} does not require a gradient`)
    const node = found.get(input.node)
    return node ? wrap(node) : input.detach().mul(0)
  })
}

/** Runs fn (synchronous) without recording gradients. */
export function noGrad<T>(fn: () => T): T {
  return synchronous('noGrad', withGradMode(false, fn))
}

/** Runs fn (synchronous) recording gradients, inside a noGrad. */
export function enableGrad<T>(fn: () => T): T {
  return synchronous('enableGrad', withGradMode(true, fn))
}

function synchronous<T>(what: string, result: T): T {
  if (result instanceof Promise) {
    throw new TypeError(
      `${what}: the function is asynchronous, so later parts of it would run outside; ` +
        'record inside, and await the values outside',
    )
  }
  return result
}

/**
 * Runs fn (synchronous); its activations are not kept for the gradient but computed again there: less memory, more work
 * (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016).
 */
export function checkpoint<T extends Tensor | readonly Tensor[]>(fn: () => T): T {
  return checkpointRegion(fn, (result) => {
    const tensors: readonly Tensor[] = result instanceof Tensor ? [result] : result
    return tensors.map((t) => t.node)
  })
}

/**
 * A differentiable function with a gradient of its own. `forward` runs without recording gradients; `backward` maps the
 * output's gradient and the output to one gradient for each input, null where none flows. What is told from the output it is
 * handed, and not from tensors outside, is computed again within a `checkpoint`.
 */
export function customGradient(
  inputs: readonly Tensor[],
  forward: (...inputs: Tensor[]) => Tensor,
  backward: (gradient: Tensor, value: Tensor) => readonly (Tensor | null)[],
): Tensor {
  const value = noGrad(() => forward(...inputs))
  return wrap(
    withCustomGradient(
      value.node,
      inputs.map((t) => t.node),
      (gradient, output) => backward(wrap(gradient), wrap(output)).map((t) => t?.node ?? null),
    ),
  )
}
