import type { Network } from '../models/index.ts'
import type { Module } from '../nn/index.ts'
import { noGrad, Tensor } from '../tensor/index.ts'

/** Training met a loss that is NaN or infinite. The parameters are those from before the step. */
export class NonFiniteLossError extends Error {
  override readonly name = 'NonFiniteLossError'

  constructor(loss: number, epoch: number, step: number, where: string | null) {
    const cause = where ?? 'every layer gave finite values: the loss function itself overflowed'
    super(
      `the loss became ${loss} at step ${step} of epoch ${epoch}: ${cause}. The parameters are as before the step. ` +
        'Lower the learning rate, clip the gradients, or check the input values',
    )
  }
}

/** The first layer, in the order in which layers run, that gives NaN or infinite values for these images. */
export async function findNonFinite(model: Network, images: Tensor): Promise<string | null> {
  if (!(await allFinite(images))) return 'the images hold NaN or infinite values'
  for (const [name, parameter] of model.namedParameters()) {
    if (!(await allFinite(parameter))) return `parameter ${name} holds NaN or infinite values`
  }
  const outputs: { readonly name: string; readonly module: Module; readonly output: Tensor }[] = []
  const removals = [...model.namedModules()].map(([name, module]) =>
    module.registerForwardHook((_, _inputs, output) => {
      if (output instanceof Tensor) outputs.push({ name, module, output })
    }),
  )
  try {
    noGrad(() => model.forward(images))
  } finally {
    for (const remove of removals) remove()
  }
  for (const { name, module, output } of outputs) {
    if (!(await allFinite(output))) {
      return `layer ${name || '(the network)'} (${module.constructor.name}) gave NaN or infinite values first`
    }
  }
  return null
}

async function allFinite(tensor: Tensor): Promise<boolean> {
  return (await tensor.detach().sub(tensor.detach()).eq(0).all().item()) === 1
}
