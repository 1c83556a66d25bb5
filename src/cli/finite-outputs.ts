import type { Tensor } from '../tensor/index.ts'
import { findNonFinite } from '../train/index.ts'
import { CommandError } from './command.ts'
import type { LoadedNetwork } from './network.ts'

/** Outputs that are NaN or infinite answer nothing: an error that names the weights and the first layer to give such values. */
export async function requireFinite(
  outputs: ArrayLike<number>,
  images: Tensor,
  { network, name, file }: LoadedNetwork,
): Promise<void> {
  let finite = true
  for (let i = 0; i < outputs.length && finite; i++) finite = Number.isFinite(outputs[i])
  if (finite) return
  const where = await findNonFinite(network, images)
  throw new CommandError(
    `${file}: with these weights ${name} gives NaN or infinite values` +
      `${where === null ? '' : `: ${where}`}; take other weights, or train them again`,
  )
}
