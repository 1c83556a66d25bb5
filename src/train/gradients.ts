import type { Module } from '../nn/index.ts'
import { compile, type Tensor } from '../tensor/index.ts'

/** What a step did to a parameter. */
export interface ParameterGradient {
  readonly name: string
  /** As it is after the step. */
  readonly parameter: Tensor
  /** By which it moved, as it was before clipping. */
  readonly gradient: Tensor
}

/** Takes down the gradients: to be called between backward and what clips them or uses them up. */
export type TakeGradients = () => void

/** One step: gives its results, having called `take` once its gradients are there. */
type Step<A extends readonly Tensor[]> = (take: TakeGradients, ...args: A) => readonly Tensor[]

/**
 * Compiles a training step, once as it is and, when it is first watched, once with the gradients as results besides: they
 * are kept for nobody else. Both take the same step.
 */
export function compileStep<A extends readonly Tensor[]>(
  model: Module,
  step: Step<A>,
): (
  watch: boolean,
  ...args: A
) => Promise<{ readonly results: readonly Tensor[]; readonly gradients: readonly ParameterGradient[] }> {
  const plain = compile((...args: A) => step(() => undefined, ...args))
  let names: readonly string[] = []
  const watched = compile((...args: A) => {
    const found: [name: string, gradient: Tensor][] = []
    const take = (): void => {
      for (const [name, { requiresGrad, grad }] of model.namedParameters()) {
        if (requiresGrad && grad !== null) found.push([name, grad.detach()])
      }
    }
    const results = step(take, ...args)
    names = found.map(([name]) => name)
    return [...results, ...found.map(([, gradient]) => gradient)]
  })
  return async (watch, ...args) => {
    if (!watch) return { results: await plain(...args), gradients: [] }
    const all = await watched(...args)
    const first = all.length - names.length
    const parameters = new Map(model.namedParameters())
    const gradients = names.map((name, i) => ({
      name,
      parameter: parameters.get(name)!,
      gradient: all[first + i]!,
    }))
    return { results: all.slice(0, first), gradients }
  }
}
