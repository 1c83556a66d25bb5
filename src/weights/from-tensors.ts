import { realize, Tensor } from '../tensor/index.ts'
import { type StateDict, type WeightTensor, weightTensorOf } from './state-dict.ts'

/** The values of tensors, computed where they are pending, as weight files hold them; the rest passes through. */
export async function storeTensors(tensors: ReadonlyMap<string, Tensor | WeightTensor>): Promise<StateDict> {
  await realize(...[...tensors.values()].filter((value) => value instanceof Tensor))
  const stored: StateDict = new Map()
  for (const [name, value] of tensors) {
    stored.set(
      name,
      value instanceof Tensor ? weightTensorOf(value.shape, value.dtype, await value.data()) : value,
    )
  }
  return stored
}
