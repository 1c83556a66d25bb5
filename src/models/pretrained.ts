import { type HubOptions, isRemote, type RemoteFile, resolveReference, weightLoader } from '../hub/index.ts'
import { nearest } from '../tensor/options.ts'
import type { Preprocessing } from '../transforms/index.ts'
import { openCheckpoint } from '../weights/index.ts'
import { readAll } from '../weights/training-checkpoint.ts'
import { adaptStateDict, loadAdapted } from './adapt.ts'
import type { ModelMetadata, WeightEntry, WeightFormat } from './metadata.ts'
import type { Network, NetworkOptions } from './network.ts'
import type { BuiltModel, ModelOptions } from './registry.ts'

/** Which weights, and how to get them. */
export interface WeightChoice extends HubOptions {
  /** `'default'`, a tag, a file, an address, or a name on the Hugging Face hub. */
  readonly source: string
  /** Which entry of a PyTorch file holds the weights, such as `state_dict_ema`; searched unless given. */
  readonly key?: string
  /** Takes the averaged weights of a file that has both kinds side by side. */
  readonly ema?: boolean
}

/** Forms of published files that no reader takes. */
const unreadable: readonly (WeightFormat | undefined)[] = ['raw', 'tensorflow']

/** Darknet's numbers have no names: only a network that lists them as Darknet does can tell what they are. */
function isReadable({ format, naming }: WeightEntry): boolean {
  return !unreadable.includes(format) && (format !== 'darknet' || naming === undefined)
}

/** What a choice of weights stands for: published ones, or a file, address or name. */
export type ChosenWeights =
  | { readonly entry: WeightEntry; readonly file: RemoteFile }
  | { readonly entry: WeightEntry | null; readonly file: string }

/**
 * The weights that a text chooses for a network: `'default'` (the first published ones), a tag, or else a file, an address or a name
 * on the hub. Throws an Error that lists the tags where it is none of these, or that says why the published file cannot be read.
 */
export function chooseWeights(name: string, { weights }: ModelMetadata, source: string): ChosenWeights {
  const tagged = source === 'default' ? weights[0] : weights.find(({ tag }) => tag === source)
  if (tagged !== undefined) return { entry: tagged, file: remoteFile(name, tagged, weights) }
  if (source !== 'default' && isPlace(source)) {
    const published = weights.find(({ url }) => url === source)
    if (published !== undefined) return { entry: published, file: remoteFile(name, published, weights) }
    return { entry: entryNamed(weights, source), file: source }
  }
  const tags = weights.map(({ tag }) => tag)
  if (tags.length === 0) {
    throw new Error(`${name} has no published weights; give a file or an address, or train it`)
  }
  const near = nearest(source, tags)
  throw new Error(
    `${name} has no weights '${source}'${near.length > 0 ? `; did you mean ${near.join(', ')}?` : ';'} ` +
      `it has ${tags.join(', ')} (or give a file or an address)`,
  )
}

function isPlace(source: string): boolean {
  return (
    isRemote(source) ||
    /^file:/i.test(source) ||
    /[\\/]/.test(source) ||
    /\.(safetensors|pth|pt|th|bin|ckpt|pkl|tar|zip|json|pyth)$/i.test(source)
  )
}

function remoteFile(name: string, entry: WeightEntry, all: readonly WeightEntry[]): RemoteFile {
  const { tag, format, url, bytes, sha256, sha256Prefix, sha1Prefix } = entry
  if (!isReadable(entry) || /\.(tgz|tar\.gz)$|\.php\?/.test(url)) {
    const others = all.filter(isReadable).map((other) => other.tag)
    throw new Error(
      `the weights '${tag}' of ${name} are in a form that cannot be loaded by name (${format ?? 'pytorch'}, ${url}); ` +
        (others.length > 0
          ? `these can: ${others.join(', ')}`
          : 'convert them to safetensors and give the file'),
    )
  }
  return resolveReference(url, {
    ...(bytes !== undefined && { bytes }),
    ...(sha256 !== undefined && { sha256 }),
    ...(sha256Prefix !== undefined && { sha256Prefix }),
    ...(sha1Prefix !== undefined && { sha1Prefix }),
  })
}

/** The published weights that a file's name tells, by the beginning of a hash in it. */
export function entryNamed(weights: readonly WeightEntry[], location: string): WeightEntry | null {
  const file = location.slice(Math.max(location.lastIndexOf('/'), location.lastIndexOf('\\')) + 1)
  const isNamed = ({ sha256Prefix, sha1Prefix }: WeightEntry): boolean =>
    [sha256Prefix, sha1Prefix].some((prefix) => prefix !== undefined && file.includes(prefix))
  return weights.find(isNamed) ?? null
}

/** The options that published weights need, with those given beside them. Throws a TypeError where they contradict. */
export function optionsFor<O extends object>(name: string, entry: WeightEntry | null, given: O): O {
  const needed = entry?.options ?? {}
  for (const [option, value] of Object.entries(needed)) {
    const own = (given as Readonly<Record<string, unknown>>)[option]
    // Another number of classes is what fine-tuning wants.
    if (own === undefined || own === value || option === 'numClasses') continue
    throw new TypeError(
      `${name}: the weights '${entry!.tag}' need ${option} ${JSON.stringify(value)}, not ${JSON.stringify(own)}`,
    )
  }
  return {
    ...needed,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  } as O
}

/** See createModel, whose part with weights this is. */
export async function createWithWeights(
  name: string,
  metadata: ModelMetadata,
  weights: string | WeightChoice,
  given: Omit<ModelOptions, 'weights'>,
  build: (options: Omit<ModelOptions, 'weights'>) => Promise<BuiltModel>,
): Promise<Network> {
  const { source, key, ema = false, ...hub } = typeof weights === 'string' ? { source: weights } : weights
  const { entry, file } = chooseWeights(name, metadata, source)
  const options = optionsFor(name, entry, given)
  const { inChannels } = options as NetworkOptions
  // Wrong options are better known before a download than after it.
  let built = await build(options)
  const opened = await (await weightLoader()).open(file, hub)
  try {
    const checkpoint = await openCheckpoint(opened.access, {
      ...built.whole.fileLayout(),
      ...(key !== undefined && { key }),
    })
    const tensors = await readAll(checkpoint.tensors)
    const adapt = {
      model: name,
      ema,
      headless: options.featuresOnly === true,
      ...(inChannels !== undefined && { inChannels }),
    }
    let adapted = await adaptStateDict(built.whole, tensors, adapt)
    if (adapted.otherClasses !== null && options.numClasses === undefined) {
      built = await build({ ...options, numClasses: adapted.otherClasses })
      adapted = await adaptStateDict(built.whole, tensors, adapt)
    }
    const network = built.finish()
    try {
      loadAdapted(network, adapted)
    } catch (error) {
      const naming = entry?.naming === undefined ? '' : ` (its names are those of ${entry.naming})`
      throw new Error(`${opened.location} does not fit ${name}${naming}: ${(error as Error).message}`, {
        cause: error,
      })
    }
    if (entry !== null) network.preprocessing = entry.preprocessing
    if (adapt.inChannels === 1) network.preprocessing = inGray(network.preprocessing)
    network.loadedWeights = { entry, location: opened.location, adaptations: adapted.adaptations }
    return network
  } finally {
    await opened.close()
  }
}

/** The same for gray images, whose one channel stands for all: the means of what the channels had. */
function inGray(preprocessing: Preprocessing): Preprocessing {
  const { mean, std, channelOrder: _, ...rest } = preprocessing
  const average = (values: readonly number[]): number[] => [
    values.reduce((sum, v) => sum + v, 0) / values.length,
  ]
  return { ...rest, channels: 1, ...(mean && { mean: average(mean) }), ...(std && { std: average(std) }) }
}
