import type { Network } from '../models/index.ts'
import type { Preprocessing } from '../transforms/index.ts'
import type { Json } from '../weights/index.ts'
import { UsageError } from './command.ts'
import { parseModelOptions } from './model-options.ts'
import {
  createNetwork,
  knownOf,
  loadInto,
  metadataOf,
  type NetworkFlags,
  readWeights,
  requireClassifier,
} from './network.ts'
import { counted } from './progress.ts'

/** What training starts from. */
export interface Start {
  readonly model: string
  readonly modelOptions: { readonly [key: string]: Json }
  /** As the weights want their images, or as is usual for the network. */
  readonly preprocessing: Preprocessing
}

/** The network that the flags name, or that a checkpoint of ocelli train was saved from. */
export async function startOf(flags: Omit<NetworkFlags, 'labels'>): Promise<Start | null> {
  const given = parseModelOptions(flags.modelOption)
  if (given.numClasses !== undefined) {
    throw new UsageError(
      'the data decides how many classes there are: train takes no --model-option numClasses',
    )
  }
  if (flags.weights === undefined) {
    if (flags.model === undefined) return null
    return { model: flags.model, modelOptions: given, preprocessing: metadataOf(flags.model).preprocessing }
  }
  if (flags.model !== undefined) metadataOf(flags.model)
  const { description } = await readWeights(flags.weights)
  const model = flags.model ?? description?.model
  if (model === undefined) return null
  const { own, preprocessing } = await knownOf(model, description, flags.weights)
  const { numClasses: _, ...stored } = own?.options ?? {}
  return { model, modelOptions: { ...stored, ...given }, preprocessing }
}

/** A network with the weights of a file where they fit, and a fresh classifier where the classes are others. */
export async function networkFrom(
  name: string,
  options: { readonly [key: string]: Json },
  numClasses: number,
  weights: string | undefined,
): Promise<Network> {
  const network = await createNetwork(name, { ...options, numClasses })
  requireClassifier(name, network)
  if (weights === undefined) return network
  const { tensors } = await readWeights(weights)
  const { missing, unexpected, mismatched } = network.loadStateDict(tensors, { strict: false })
  if (missing.length + unexpected.length + mismatched.length === 0) return network
  const stored = tensors.get([...network.stateDict()].at(-1)![0])
  const original = await createNetwork(name, {
    ...options,
    ...(stored?.shape[0] !== undefined && { numClasses: stored.shape[0] }),
  })
  loadInto(original, tensors, weights, name)
  console.error(
    `${counted(original.numClasses, 'class', 'classes')}, from ${weights}; a new classifier for ` +
      `${counted(numClasses, 'class', 'classes')}, from the data`,
  )
  original.resetClassifier(numClasses)
  return original
}
