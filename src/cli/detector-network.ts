import { createDarknet, DarknetDetector } from '../models/darknet-network.ts'
import { readDarknetConfig } from '../weights/file.ts'
import {
  type DarknetConfig,
  type DarknetSection,
  formatDarknetConfig,
  type Json,
  parseDarknetConfig,
  type StateDict,
} from '../weights/index.ts'
import { CommandError, type TextOption, UsageError } from './command.ts'
import { createNetwork, misfit } from './fitted-network.ts'
import { labelText, publishedDetectorLabels, readLabels } from './labels.ts'
import { metadataOf } from './model-options.ts'
import { readWeights } from './network.ts'
import { counted } from './progress.ts'
import { localFile } from './weight-files.ts'

export const cfgOption: TextOption = {
  kind: 'text',
  placeholder: 'file',
  description: 'a Darknet .cfg file, which says what the numbers of .weights are',
}

export const detectorOptions: {
  readonly cfg: TextOption
  readonly model: TextOption
  readonly weights: TextOption
} = {
  cfg: { kind: 'text', placeholder: 'file', description: "the network, as Darknet's .cfg file" },
  model: {
    kind: 'text',
    placeholder: 'name',
    short: 'm',
    description: 'in place of --cfg: a YOLO detector of the registry, such as yolov3-tiny',
  },
  weights: {
    kind: 'text',
    placeholder: 'file',
    short: 'w',
    description: "safetensors, .pth, Darknet's .weights, or a checkpoint of ocelli train-detector",
  },
}

export interface DetectorFlags {
  readonly cfg: string | undefined
  readonly model: string | undefined
  readonly weights: string | undefined
}

/** Where a detector comes from: the text of a configuration, or the registry. */
export type DetectorSource =
  | { readonly kind: 'config'; readonly config: DarknetConfig; readonly name: string }
  | { readonly kind: 'registry'; readonly name: string }

export interface DetectorStart {
  readonly source: DetectorSource
  /** Of --weights; null for a network that begins anew. */
  readonly stored: { readonly file: string; readonly tensors: StateDict } | null
  /** The classes that a checkpoint was trained on. */
  readonly classes: readonly string[] | null
  /** The height and width that the network sees. */
  readonly size: readonly [height: number, width: number]
}

/** What a checkpoint's description calls a network that a configuration made. */
const configModel = 'darknet-cfg'

/** The entries of a checkpoint that rebuild a detector. */
export function describeDetector(
  source: DetectorSource,
  numClasses: number,
): {
  readonly model: string
  readonly options: { readonly [key: string]: Json }
} {
  return source.kind === 'registry'
    ? { model: source.name, options: { numClasses } }
    : { model: configModel, options: { numClasses, config: formatDarknetConfig(source.config) } }
}

/** The network that the flags name, or that a checkpoint of train-detector was saved from. */
export async function detectorStart(flags: DetectorFlags): Promise<DetectorStart> {
  const { cfg, model, weights } = flags
  if (cfg !== undefined && model !== undefined)
    throw new UsageError('--cfg and --model both name a network: give one, not both')
  const given: DetectorSource | null =
    cfg !== undefined
      ? { kind: 'config', config: await readDarknetConfig(cfg), name: cfg }
      : model !== undefined
        ? { kind: 'registry', name: model }
        : null
  if (weights === undefined) {
    if (given === null)
      throw new UsageError('which network? give --cfg FILE, --model NAME, or --weights CHECKPOINT')
    return { source: given, stored: null, classes: null, size: sizeOf(given, null) }
  }
  // Where they are Darknet's, it says what their numbers are.
  const config = given?.kind === 'registry' ? (await create(given, null)).config : given?.config
  const { tensors, description } = await readWeights(await localFile(weights), undefined, config)
  const stored = { file: weights, tensors }
  const text = description?.options.config
  const known: DetectorSource | null =
    description?.model === configModel && typeof text === 'string'
      ? { kind: 'config', config: parseDarknetConfig(text, weights), name: weights }
      : description
        ? { kind: 'registry', name: description.model }
        : null
  const source = given ?? known
  if (source === null) {
    throw new UsageError(`${weights}: does not say which network it is for; add --cfg FILE or --model NAME`)
  }
  return {
    source,
    stored,
    classes: description?.classes ?? null,
    size: sizeOf(source, description?.preprocessing ?? null),
  }
}

function sizeOf(
  source: DetectorSource,
  preprocessing: Readonly<Record<string, unknown>> | null,
): readonly [number, number] {
  const size = preprocessing?.size
  if (Array.isArray(size) && size.length === 2 && size.every((side) => Number.isInteger(side) && side > 0)) {
    return [size[0] as number, size[1] as number]
  }
  if (source.kind === 'config') return [source.config.height, source.config.width]
  const { inputSize } = metadataOf(source.name).preprocessing
  return typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize
}

/** A square of the given side, or the network's own size; the network halves it five times. */
export function detectorSize(
  side: number | undefined,
  own: readonly [height: number, width: number],
): readonly [height: number, width: number] {
  const size = side === undefined ? own : ([side, side] as const)
  if (size.every((length) => length % 32 === 0)) return size
  throw new UsageError(
    `the network sees images whose sides are multiples of 32, not ${size.join(' x ')}; --size N sets them`,
  )
}

/** Builds a detector with the weights of a file where it has some, and a fresh last layer where the classes are others. */
export async function buildDetector(
  { source, stored }: Pick<DetectorStart, 'source' | 'stored'>,
  numClasses: number | null,
): Promise<DarknetDetector> {
  if (stored === null) return create(source, numClasses)
  const own = classesIn(await create(source, null), stored.tensors)
  const network = await create(source, own)
  try {
    network.loadStateDict(stored.tensors, { assign: true })
  } catch (error) {
    throw new CommandError(
      `${stored.file}: ${misfit(source.name, error, '; --cfg or --model takes another network')}`,
    )
  }
  if (numClasses === null || numClasses === own) return network
  console.error(
    `${counted(own, 'class', 'classes')}, from ${stored.file}; new last layers for ` +
      `${counted(numClasses, 'class', 'classes')}, from the data`,
  )
  network.resetClassifier(numClasses)
  return network
}

/** The detector that the flags name, for use, and what its classes are called: COCO's 80 or VOC's 20 unless something says others. */
export async function loadDetector(
  flags: DetectorFlags & { readonly labels: string | undefined },
): Promise<{ readonly network: DarknetDetector; readonly labels: readonly string[] }> {
  const start = await detectorStart(flags)
  if (start.stored === null) {
    throw new UsageError(
      "which weights? give --weights FILE: Darknet's .weights, safetensors, .pth, or a checkpoint of ocelli train-detector",
    )
  }
  const network = await buildDetector(start, null)
  network.eval()
  const count = network.numClasses
  const known =
    flags.labels !== undefined
      ? (await readLabels(flags.labels)).map(({ name }) => name)
      : (start.classes ?? (await publishedDetectorLabels(count))?.map(({ name }) => name))
  if (known !== undefined && known.length !== count) {
    throw new CommandError(
      `${flags.labels ?? flags.weights}: names ${known.length} classes, but the network has ${count}`,
    )
  }
  return { network, labels: known ?? Array.from({ length: count }, (_, i) => labelText(null, i)) }
}

/** How many classes the weights of the first layer that gives boxes are for, or as many as the network has. */
function classesIn(network: DarknetDetector, tensors: StateDict): number {
  const name = `${network.classifierNames()[0]}.weight`
  const [own, stored] = [network.stateDict().get(name)?.shape[0], tensors.get(name)?.shape[0]]
  if (own === undefined || stored === undefined) return network.numClasses
  const anchors = own / (5 + network.numClasses)
  const classes = stored / anchors - 5
  return Number.isInteger(classes) && classes >= 1 ? classes : network.numClasses
}

async function create(source: DetectorSource, numClasses: number | null): Promise<DarknetDetector> {
  const options = numClasses === null ? {} : { numClasses }
  const network =
    source.kind === 'config'
      ? createDarknet(source.config, options)
      : await createNetwork(source.name, options)
  if (network instanceof DarknetDetector) return network
  throw new CommandError(`${source.name}: is no YOLO detector; ocelli list shows those of the registry`)
}

/** A configuration with other anchors in its [yolo] sections: as many as it had, the smallest for the masks that name the first. */
export function withAnchors(
  config: DarknetConfig,
  anchors: readonly (readonly [width: number, height: number])[],
): DarknetConfig {
  const rounded = anchors.map(([w, h]) => [Number(w.toFixed(2)), Number(h.toFixed(2))] as const)
  const sections = config.sections.map((section): DarknetSection => {
    if (section.type !== 'yolo') return section
    const mask = section.mask ?? [...section.anchors.keys()]
    return { ...section, mask, allAnchors: rounded, anchors: mask.map((i) => rounded[i]!) }
  })
  return { ...config, sections }
}

/** How many anchors the scales of a configuration choose from. */
export function anchorCount({ sections }: DarknetConfig): number {
  const counts = sections.flatMap((section) =>
    section.type === 'yolo' ? [(section.allAnchors ?? section.anchors).length] : [],
  )
  return Math.max(...counts, 0)
}
