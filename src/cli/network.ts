import { basename } from 'node:path'
import type { ClassLabel, Network, WeightEntry } from '../models/index.ts'
import type { Module } from '../nn/index.ts'
import type { Preprocessing } from '../transforms/index.ts'
import type { TransformDescription } from '../transforms/transform.ts'
import { loadStateDictFile } from '../weights/file.ts'
import type { DarknetConfig, Json, StateDict } from '../weights/index.ts'
import { CommandError, type ListOption, type TextOption, UsageError } from './command.ts'
import { type FileNetwork, openFileNetwork, usualPreprocessing } from './file-network.ts'
import { darknetLayout, fittedNetwork, withEntryOptions } from './fitted-network.ts'
import { type Statistics, withStatistics } from './image-options.ts'
import { imageNetLabels, labelsOf, publishedLabels, readLabels } from './labels.ts'
import { metadataOf, parseModelOptions } from './model-options.ts'
import { counted } from './progress.ts'
import { weightEntryOf } from './weight-entry.ts'
import { type LocatedWeights, locateWeights } from './weight-files.ts'

export const networkOptions: {
  readonly model: TextOption
  readonly weights: TextOption
  readonly structure: TextOption
  readonly modelOption: ListOption
  readonly labels: TextOption
} = {
  model: {
    kind: 'text',
    placeholder: 'name',
    short: 'm',
    description: 'the network; a checkpoint of ocelli train knows its own',
  },
  weights: {
    kind: 'text',
    placeholder: 'weights',
    short: 'w',
    description:
      'published ones by tag, or default; an address, or hf:owner/repository; or a file of any format that ocelli reads, of which ' +
      'those that hold their network need no --model',
  },
  structure: {
    kind: 'text',
    placeholder: 'file',
    description:
      "the file of the network's structure (.prototxt, .param), where it does not bear the name of the weights",
  },
  modelOption: {
    kind: 'list',
    placeholder: 'key=value',
    description: "an option of the network's own, such as padding=sameTensorFlow; may be repeated",
  },
  labels: {
    kind: 'text',
    placeholder: 'file',
    description: "the classes' names, one a line, in the order of the network's outputs",
  },
}

export interface NetworkFlags {
  readonly model: string | undefined
  readonly weights: string | undefined
  readonly structure: string | undefined
  readonly modelOption: readonly string[]
  readonly labels: string | undefined
}

/** A network ready to be fed. */
export interface LoadedNetwork {
  readonly name: string
  /** The file of its weights. */
  readonly file: string
  /** Gives logits [n, outputs]. */
  readonly network: Module
  readonly outputs: number
  /** How its weights want their images: as published with them, or as is usual for the network. */
  readonly preprocessing: Preprocessing
  /** What its outputs stand for, where that is known. */
  readonly labels: readonly ClassLabel[] | null
  /** What a checkpoint of ocelli train does with images before the network sees them. */
  readonly transform: TransformDescription | null
}

/** What ocelli train wrote beside the weights. */
export interface Description {
  readonly model: string
  readonly options: { readonly [key: string]: Json }
  readonly classes: readonly string[] | null
  readonly preprocessing: TransformDescription | null
}

export interface WeightFile {
  readonly tensors: StateDict
  readonly description: Description | null
  /** The other text that the file carries. */
  readonly metadata: Readonly<Record<string, string>>
  /** What else the file holds, such as an optimizer's state, by its names. */
  readonly leftOut: readonly string[]
}

/**
 * @param key Which entry of a PyTorch file holds the weights; searched unless given.
 * @param darknet The network of a Darknet .weights file.
 */
export async function readWeights(path: string, key?: string, darknet?: DarknetConfig): Promise<WeightFile> {
  const { tensors, format, values, metadata } = await loadStateDictFile(path, {
    ...(key !== undefined && { key }),
    ...(darknet !== undefined && { darknet }),
  })
  if (format === 'ocelli-training') {
    const { extra, ...others } = values
    return {
      tensors,
      description: describedBy(extra),
      metadata: {},
      leftOut: Object.keys(others),
    }
  }
  const { [descriptionKey]: own, ...others } = metadata
  return { tensors, description: describedBy(parsed(own)), metadata: others, leftOut: Object.keys(values) }
}

/** What convert keeps of a training checkpoint, as one text among those that a file of weights carries. */
const descriptionKey = 'ocelli'

export function descriptionMetadata({
  model,
  options,
  classes,
  preprocessing,
}: Description): Record<string, string> {
  return { [descriptionKey]: JSON.stringify({ model, options, classes, preprocessing }) }
}

/** Files may hold anything under these names: what is not as it should be is left out. */
function describedBy(value: unknown): Description | null {
  if (!isObject(value) || typeof value.model !== 'string') return null
  const { model, options, classes, preprocessing } = value
  const named = Array.isArray(classes) && classes.every((name) => typeof name === 'string')
  return {
    model,
    options: isObject(options) ? (options as Description['options']) : {},
    classes: named ? classes : null,
    preprocessing:
      isObject(preprocessing) && typeof preprocessing.name === 'string'
        ? (preprocessing as TransformDescription)
        : null,
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text of that name may be somebody else's. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? null : JSON.parse(text)
  } catch {
    return null
  }
}

/** Builds the network that the flags name, with the weights they name, for evaluation. */
export async function loadNetwork(flags: NetworkFlags): Promise<LoadedNetwork> {
  if (flags.weights === undefined && flags.model === undefined) {
    throw new UsageError(
      'which network? --model NAME takes its published weights, --weights FILE others: safetensors, .pth, .onnx, .h5, .tflite or ' +
        'another format of docs/formats.md, or a checkpoint of ocelli train',
    )
  }
  const located = await locateWeights(flags.weights ?? 'default', flags.model)
  const file = located.path
  if (flags.model === undefined) {
    const own = await openFileNetwork(file, flags.structure)
    if (own !== null) return loadedFrom(own, file, flags.labels)
  }
  const asked = parseModelOptions(flags.modelOption)
  const layout = await darknetLayout(file, flags.model, asked)
  const { tensors, description } = await readWeights(file, undefined, layout)
  const name = flags.model ?? description?.model
  if (name === undefined) {
    throw new UsageError(`${file}: does not say which network it is for; add --model NAME (ocelli list)`)
  }
  const { own, entry, preprocessing } = await knownOf(name, description, located)
  const options = withEntryOptions(name, entry, { ...own?.options, ...asked })
  const { network, inferred } = await fittedNetwork(name, options, tensors, file)
  requireClassifier(name, network)
  if (inferred) console.error(`${counted(network.numClasses, 'class', 'classes')}, from ${file}`)
  network.eval()
  const labels =
    flags.labels !== undefined
      ? await readLabels(flags.labels)
      : own?.classes
        ? labelsOf(own.classes)
        : await publishedLabels(entry ?? metadataOf(name), network.numClasses)
  if (labels !== null && labels.length !== network.numClasses) {
    throw new CommandError(
      `${flags.labels ?? file}: names ${labels.length} classes, but ${name} has ${network.numClasses} outputs`,
    )
  }
  const transform = own?.preprocessing ?? null
  const outputs = network.numClasses
  return { name, file, network, outputs, preprocessing, labels, transform }
}

/** A file's own network, with what the file says of its classes and images and what is usual for the rest. */
async function loadedFrom(
  own: FileNetwork,
  file: string,
  labelFile: string | undefined,
): Promise<LoadedNetwork> {
  const { network, outputs } = own
  const description = describedBy(parsed(own.metadata[descriptionKey]))
  const name = description?.model ?? basename(file)
  const labels =
    labelFile !== undefined
      ? await readLabels(labelFile)
      : description?.classes
        ? labelsOf(description.classes)
        : await imageNetLabels(outputs)
  if (labels !== null && labels.length !== outputs) {
    throw new CommandError(
      `${labelFile ?? file}: names ${labels.length} classes, but ${name} has ${outputs} outputs`,
    )
  }
  const transform = description?.preprocessing ?? null
  const preprocessing = withStatistics(usualPreprocessing(own), transform && normalizationOf(transform))
  const assumed = [
    ...(transform === null
      ? [
          "how its images are prepared: ImageNet's usual way is taken where --mean, --std, --range and the like do not say otherwise",
        ]
      : []),
    ...(labels !== null && labelFile === undefined && !description?.classes
      ? ["its classes: ImageNet's are taken (--labels)"]
      : []),
  ]
  if (assumed.length > 0) console.error(`${file} does not say ${assumed.join(', nor ')}`)
  return { name, file, network, outputs, preprocessing, labels, transform }
}

export interface KnownWeights {
  /** What ocelli train wrote, where it wrote the file for this network. */
  readonly own: Description | null
  /** The published weights that the file holds. */
  readonly entry: WeightEntry | null
  /** How the weights want their images. */
  readonly preprocessing: Preprocessing
}

/** What is known of weights besides their values. */
export async function knownOf(
  name: string,
  description: Description | null,
  located: LocatedWeights,
): Promise<KnownWeights> {
  const metadata = metadataOf(name)
  const own = description?.model === name ? description : null
  const entry = own === null ? (located.entry ?? (await weightEntryOf(metadata, located.path))) : null
  const statistics = own?.preprocessing ? normalizationOf(own.preprocessing) : null
  return { own, entry, preprocessing: withStatistics((entry ?? metadata).preprocessing, statistics) }
}

/** Mean and standard deviation among the steps of a transform. */
function normalizationOf({ transforms }: TransformDescription): Statistics | null {
  const steps = Array.isArray(transforms) ? (transforms as readonly TransformDescription[]) : []
  const step = steps.find(({ name }) => name === 'Normalize')
  return step ? (step as unknown as Statistics) : null
}

/** Throws for a network whose outputs cannot be read as one class for each image. */
export function requireClassifier(name: string, network: Network): void {
  if (network.lossWeights.some((weight) => weight > 0)) return
  throw new CommandError(
    `${name} is no classifier of images into one class each: this command cannot read its outputs; ` +
      `in a program, createModel('${name}') and forwardAll(images) give them`,
  )
}
