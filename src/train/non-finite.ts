import { isFloating } from '../graph/dtype.ts'
import type { Module } from '../nn/index.ts'
import { allFinite } from '../optim/finite.ts'
import { noGrad, realize, Tensor } from '../tensor/index.ts'
import { rememberBuffers } from './buffers.ts'

/** Training met a loss that is NaN or infinite. Parameters, buffers and optimizer are as before the step. */
export class NonFiniteLossError extends Error {
  override readonly name = 'NonFiniteLossError'

  constructor(loss: number, epoch: number, step: number, where: string | null) {
    const cause = where ?? 'every layer gave finite values: the loss function itself overflowed'
    super(
      `the loss became ${loss} at step ${step} of epoch ${epoch}: ${cause}. The model is as before the step. ` +
        'Lower the learning rate, clip the gradients, or check the input values',
    )
  }
}

/** The first layer, in the order in which layers run, that gives NaN or infinite values for these images. */
export async function findNonFinite(model: Module, images: Tensor): Promise<string | null> {
  const layers: { readonly name: string; readonly finite: Tensor }[] = []
  const removals = [...model.namedModules()].map(([name, module]) =>
    module.registerForwardHook((_, _inputs, output) => {
      if (!(output instanceof Tensor) || !isFloating(output.dtype)) return
      layers.push({
        name: `${name || '(the network)'} (${module.constructor.name})`,
        finite: allFinite(output),
      })
    }),
  )
  const restoreBuffers = rememberBuffers(model)
  try {
    noGrad(() => model.forward(images))
  } finally {
    for (const remove of removals) remove()
    restoreBuffers()
  }
  const input = allFinite(images)
  const parameters = model.namedParameters().map(([name, values]) => ({ name, finite: allFinite(values) }))
  await realize(input, ...parameters.map(({ finite }) => finite), ...layers.map(({ finite }) => finite))
  if ((await input.item()) === 0) return 'the images hold NaN or infinite values'
  const parameter = await firstFalse(parameters)
  if (parameter !== null) return `parameter ${parameter} holds NaN or infinite values`
  const layer = await firstFalse(layers)
  return layer && `layer ${layer} gave NaN or infinite values first`
}

async function firstFalse(
  checks: readonly { readonly name: string; readonly finite: Tensor }[],
): Promise<string | null> {
  for (const { name, finite } of checks) if ((await finite.item()) === 0) return name
  return null
}
