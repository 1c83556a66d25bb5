import { sizeOf } from '../graph/shape.ts'
import { listModels, modelMetadata, type Network } from '../models/index.ts'
import { defaultDType, type StateDict } from '../weights/index.ts'
import { createNetwork } from './fitted-network.ts'

export interface FittingNetwork {
  readonly name: string
  /** Of the weights' classifier. */
  readonly numClasses: number
}

/** The networks of the registry into which all of the tensors fit, by name and shape, whatever the number of classes. */
export async function fittingNetworks(tensors: StateDict): Promise<FittingNetwork[]> {
  const parameters = [...tensors].filter(
    ([name, { dtype }]) =>
      dtype !== 'C64' && defaultDType(dtype) === 'float32' && !/(^|\.)running_(mean|var)$/.test(name),
  )
  const count = parameters.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0)
  const classifier = lastLayer(parameters.map(([name, { shape }]) => [name, shape]))
  const found: FittingNetwork[] = []
  for (const name of listModels()) {
    const { parameters: own, numClasses: usual } = modelMetadata(name)
    const others = classifier === null ? 0 : (classifier.outputs - usual) * classifier.perOutput
    if (own !== count && own !== count - others) continue
    const numClasses = own === count ? usual : classifier!.outputs
    const network = await createNetwork(name, numClasses === usual ? {} : { numClasses })
    if (fits(network, tensors)) found.push({ name, numClasses })
  }
  return found
}

function fits(network: Network, tensors: StateDict): boolean {
  const own = network.stateDict()
  const renamed = new Map([...tensors].map(([name, tensor]) => [network.renameKey(name), tensor]))
  const missing = [...own.keys()].filter((name) => !renamed.has(name) && !isCounter(name))
  return (
    missing.length === 0 &&
    [...renamed].every(
      ([name, { shape }]) => isCounter(name) || String(own.get(name)?.shape) === String(shape),
    )
  )
}

/** Old files have no counts of batches. */
function isCounter(name: string): boolean {
  return name.endsWith('num_batches_tracked')
}

interface Layer {
  readonly outputs: number
  /** Parameters for each output. */
  readonly perOutput: number
}

function lastLayer(parameters: readonly (readonly [string, readonly number[]])[]): Layer | null {
  const last = parameters.at(-1)
  if (last === undefined) return null
  const [name, shape] = last
  const outputs = shape[0]
  if (outputs === undefined) return null
  const weight = name.endsWith('.bias') ? parameters.at(-2)?.[1] : shape
  const biases = name.endsWith('.bias') ? 1 : 0
  return weight?.[0] === outputs ? { outputs, perOutput: sizeOf(weight) / outputs + biases } : null
}
