import { loadAdapted, type Network } from '../models/index.ts'
import type { Preprocessing } from '../transforms/index.ts'
import type { Json } from '../weights/index.ts'
import { CommandError, UsageError } from './command.ts'
import { adapted, createNetwork, misfit, reportAdaptations, withEntryOptions } from './fitted-network.ts'
import { metadataOf, parseModelOptions } from './model-options.ts'
import { knownOf, type NetworkFlags, readWeights, requireClassifier } from './network.ts'
import { counted } from './progress.ts'
import { locateWeights } from './weight-files.ts'

/** What training starts from. */
export interface Start {
  readonly model: string
  readonly modelOptions: { readonly [key: string]: Json }
  /** As the weights want their images, or as is usual for the network. */
  readonly preprocessing: Preprocessing
  /** The file of the weights; undefined for fresh ones. */
  readonly weights: string | undefined
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
    const { preprocessing } = metadataOf(flags.model)
    return { model: flags.model, modelOptions: given, preprocessing, weights: undefined }
  }
  if (flags.model !== undefined) metadataOf(flags.model)
  const located = await locateWeights(flags.weights, flags.model)
  const { description } = await readWeights(located.path)
  const model = flags.model ?? description?.model
  if (model === undefined) return null
  const { own, entry, preprocessing } = await knownOf(model, description, located)
  const { numClasses: _, ...options } = withEntryOptions(model, entry, { ...own?.options, ...given })
  return { model, modelOptions: options, preprocessing, weights: located.path }
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
  const state = await adapted(name, network, options, tensors)
  try {
    loadAdapted(network, state)
  } catch (error) {
    throw new CommandError(`${weights}: ${misfit(name, error, '; --model NAME takes another network')}`)
  }
  reportAdaptations(weights, state)
  if (state.otherClasses === null) return network
  console.error(
    `${counted(state.otherClasses, 'class', 'classes')}, from ${weights}; a new classifier for ` +
      `${counted(numClasses, 'class', 'classes')}, from the data`,
  )
  return network
}
