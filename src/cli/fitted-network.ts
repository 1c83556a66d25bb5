import {
  type AdaptedState,
  adaptStateDict,
  createModel,
  hasModel,
  loadAdapted,
  type Network,
  type WeightEntry,
} from '../models/index.ts'
import { optionsFor } from '../models/pretrained.ts'
import type { DarknetConfig, Json, StateDict } from '../weights/index.ts'
import { CommandError, UsageError } from './command.ts'
import { metadataOf } from './model-options.ts'

export async function createNetwork(
  name: string,
  options: { readonly [key: string]: Json },
): Promise<Network> {
  if (!hasModel(name)) metadataOf(name)
  try {
    return await createModel(name, options)
  } catch (error) {
    throw new CommandError(`${name} with ${JSON.stringify(options)}: ${(error as Error).message}`)
  }
}

/** How a Darknet file of weights is read, whose numbers have no names, where the network is one of Darknet's. */
export async function darknetLayout(
  path: string,
  name: string | undefined,
  options: { readonly [key: string]: Json },
): Promise<DarknetConfig | undefined> {
  if (name === undefined || !/\.(weights|conv\.\d+)$/i.test(path)) return undefined
  return (await createNetwork(name, options)).fileLayout().darknet
}

/** The options that published weights need, beside those given; a contradiction is an error of the command line. */
export function withEntryOptions(
  name: string,
  entry: WeightEntry | null,
  given: { readonly [key: string]: Json },
): { readonly [key: string]: Json } {
  try {
    return optionsFor(name, entry, given)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/**
 * A network with the weights of a file, which are fitted to it: with as many classes as the file has, where none are asked for
 * (`inferred` where that changed them). Loads everything or fails with a table of what does not fit.
 */
export async function fittedNetwork(
  name: string,
  options: { readonly [key: string]: Json },
  tensors: StateDict,
  file: string,
): Promise<{ readonly network: Network; readonly inferred: boolean; readonly state: AdaptedState }> {
  let network = await createNetwork(name, options)
  let state = await adapted(name, network, options, tensors)
  const inferred = state.otherClasses !== null && options.numClasses === undefined
  if (inferred) {
    network = await createNetwork(name, { ...options, numClasses: state.otherClasses })
    state = await adapted(name, network, options, tensors)
  }
  try {
    // A classifier that has learnt nothing is of no use here: strictly then, so that the table shows it.
    if (state.kept.length > 0) network.loadStateDict(tensors)
    loadAdapted(network, state)
  } catch (error) {
    throw new CommandError(`${file}: ${misfit(name, error, '; --model NAME takes another network')}`)
  }
  reportAdaptations(file, state)
  return { network, inferred, state }
}

/** The tensors of a file as a network of the registry takes them. */
export function adapted(
  name: string,
  network: Network,
  options: { readonly [key: string]: Json },
  tensors: StateDict,
): Promise<AdaptedState> {
  const { inChannels } = options
  return adaptStateDict(network, tensors, {
    model: name,
    ...(typeof inChannels === 'number' && { inChannels }),
  })
}

/** Says what was changed; a new classifier is told by whoever asked for it. */
export function reportAdaptations(file: string, { adaptations }: AdaptedState): void {
  for (const { kind, text } of adaptations) if (kind !== 'classifier') console.error(`${file}: ${text}`)
}

/** The table of what does not fit, with `advice` in place of the words that are for programs. */
export function misfit(name: string, error: unknown, advice = ''): string {
  const [first, ...table] = (error as Error).message.split('\n')
  const counts = /: ([^:]+ unexpected)\./.exec(first!)?.[1]
  if (counts === undefined) return `does not fit ${name}: ${(error as Error).message}`
  return [`these weights do not fit ${name}: ${counts}${advice}`, ...table].join('\n')
}
