import type { Size } from '../transforms/image.ts'
import { imagenetMean, imagenetStd, type Preprocessing } from '../transforms/index.ts'
import type { CatalogueRow } from './catalogue.ts'
import type { LabelSet } from './labels.ts'
import { fileIdentity } from './weight-files.ts'

export interface Paper {
  readonly authors: string
  readonly title: string
  readonly year: number
  /** arXiv's number, where it is there. */
  readonly arxiv?: string
}

/** Accuracy in percent as its source reports it. */
export interface PublishedAccuracy {
  readonly top1: number
  readonly top5?: number
  /** What it was measured on; ImageNet's validation images unless given. */
  readonly dataSet?: string
  readonly source: string
}

export type WeightFormat =
  | 'safetensors'
  | 'pytorch'
  | 'darknet'
  | 'caffe'
  | 'keras'
  | 'tensorflow'
  | 'tflite'
  | 'tfjs'
  | 'onnx'
  | 'raw'

/** One published file of weights. */
export interface WeightEntry {
  readonly tag: string
  /** The file, or the page that leads to it. */
  readonly url: string
  /** 'pytorch' unless given. */
  readonly format?: WeightFormat
  /** Whose parameter names the file has, where they are not the network's own. */
  readonly naming?: string
  /** Options of createModel that the weights need, such as TensorFlow's padding. */
  readonly options?: Readonly<Record<string, unknown>>
  /** The file's SHA-256 in hexadecimal, where it is known whole. */
  readonly sha256?: string
  /** Its first digits, which published files bear in their names. */
  readonly sha256Prefix?: string
  /** The first digits of the SHA-1 of the file inside a .zip, which pytorchcv's files bear in their names. */
  readonly sha1Prefix?: string
  /** The file's size, where it is known. */
  readonly bytes?: number
  /** Of the weights: an SPDX identifier, or 'not stated'. */
  readonly licence: string
  /** What the outputs stand for; null where they are no known list of classes. */
  readonly classes: LabelSet | null
  /** Percent of images whose class is the first of the network's, as the source reports it. */
  readonly top1?: number
  /** Percent of images whose class is among the first five, where the source reports it. */
  readonly top5?: number
  readonly source: string
  readonly preprocessing: Preprocessing
}

export interface ModelMetadata {
  readonly row: CatalogueRow
  readonly paper: Paper
  /** Trainable parameters with the default options. */
  readonly parameters: number
  /** Multiply-accumulates of convolutions and linear layers for one image of the input size in `preprocessing`. */
  readonly macs: number
  readonly numClasses: number
  /** Whose definition, parameter names and initialisation the network has. */
  readonly reference: string
  readonly preprocessing: Preprocessing
  /** The smallest side, or [height, width], that the network takes; 32 unless given. */
  readonly minInputSize?: number | Size
  readonly accuracy?: PublishedAccuracy
  readonly weights: readonly WeightEntry[]
  /** What the sources leave open, and how it was settled. */
  readonly note?: string
}

/** The best accuracy published, in percent: of the weights, or else of the network as its source reports it. */
export function publishedTop1({
  weights,
  accuracy,
}: Pick<ModelMetadata, 'weights' | 'accuracy'>): number | null {
  const known = [...weights, ...(accuracy ? [accuracy] : [])].flatMap(({ top1 }) => top1 ?? [])
  return known.length > 0 ? Math.max(...known) : null
}

/** `arxiv` is the number alone, such as '1512.03385'. */
export function paperOf(authors: string, title: string, year: number, arxiv?: string): Paper {
  return { authors, title, year, ...(arxiv !== undefined && { arxiv }) }
}

export const imagenet224: Preprocessing = {
  inputSize: 224,
  resize: 256,
  interpolation: 'bilinear',
  mean: imagenetMean,
  std: imagenetStd,
}

/** As timm evaluates most of its networks: the central 87.5 percent, bicubic. */
export const timm224: Preprocessing = {
  inputSize: 224,
  cropPct: 0.875,
  interpolation: 'bicubic',
  mean: imagenetMean,
  std: imagenetStd,
}

/** The same for weights whose first convolution takes BGR. */
export function inBgr(preprocessing: Preprocessing): Preprocessing {
  const { mean, std } = preprocessing
  return {
    ...preprocessing,
    channelOrder: 'bgr',
    ...(mean && { mean: [...mean].reverse() }),
    ...(std && { std: [...std].reverse() }),
  }
}

/** Values in [-1, 1], as Inception and most networks from TensorFlow want them. */
export const inceptionStatistics = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const

export const cifar32: Preprocessing = {
  inputSize: 32,
  interpolation: 'bilinear',
  mean: imagenetMean,
  std: imagenetStd,
}

/** Entries of torchvision's server; the weights of its `V2` recipes are for images resized to 232. */
export function torchvisionWeights(
  file: string,
  top1: number,
  top5?: number,
  tag = 'tv_in1k',
  resize = 256,
  inputSize = 224,
): WeightEntry {
  return {
    tag,
    url: `https://download.pytorch.org/models/${file}`,
    ...fileIdentity(file),
    licence: 'BSD-3-Clause',
    classes: 'imagenet-1k',
    top1,
    ...(top5 !== undefined && { top5 }),
    source: 'torchvision',
    preprocessing: { ...imagenet224, resize, inputSize },
  }
}

/** timm's repository `timm/<model>.<tag>` on Hugging Face. */
export function timmWeights(
  model: string,
  tag: string,
  top1: number | undefined,
  preprocessing: Preprocessing = timm224,
  licence = 'Apache-2.0',
): WeightEntry {
  return {
    tag,
    url: `https://huggingface.co/timm/${model}.${tag}/resolve/main/model.safetensors`,
    format: 'safetensors',
    licence,
    classes: 'imagenet-1k',
    ...(top1 !== undefined && { top1 }),
    source: 'timm',
    preprocessing,
  }
}

/**
 * pytorchcv's releases: a .pth inside a .zip, named by its error and the beginning of its SHA-1. `release` such as
 * 'v0.0.364'; give `naming` for a network whose own names are not pytorchcv's.
 */
export function pytorchcvWeights(
  release: string,
  file: string,
  top1: number | undefined,
  given: {
    readonly preprocessing?: Preprocessing
    readonly classes?: LabelSet | null
    readonly naming?: string
  } = {},
): WeightEntry {
  const sha1Prefix = /-([0-9a-f]{8})\.pth\.zip$/.exec(file)?.[1]
  if (sha1Prefix === undefined) throw new Error(`pytorchcvWeights: ${file} does not end in its hash`)
  return {
    tag: 'pytorchcv',
    url: `https://github.com/osmr/imgclsmob/releases/download/${release}/${file}`,
    sha1Prefix,
    licence: 'MIT',
    classes: given.classes === undefined ? 'imagenet-1k' : given.classes,
    ...(given.naming !== undefined && { naming: given.naming }),
    ...(top1 !== undefined && { top1 }),
    source: 'pytorchcv',
    preprocessing: given.preprocessing ?? imagenet224,
  }
}

/** What a table's row may say besides its weights. */
type RowDetails = Partial<
  Pick<
    ModelMetadata,
    'row' | 'paper' | 'numClasses' | 'reference' | 'preprocessing' | 'minInputSize' | 'accuracy' | 'note'
  >
>

type Row = readonly [parameters: number, macs: number, ...more: (WeightEntry | RowDetails)[]]

/**
 * A family's table of variants from what they share and the figures of each, followed by its published weights and by
 * what differs from what is shared, such as `{ accuracy: … }`.
 */
export function metadataTable<N extends string>(
  shared: Omit<ModelMetadata, 'parameters' | 'macs' | 'weights'>,
  rows: Readonly<Record<N, Row>>,
): Readonly<Record<N, ModelMetadata>> {
  const entries = Object.entries<Row>(rows).map(([name, [parameters, macs, ...more]]) => {
    const weights = more.filter((entry): entry is WeightEntry => 'url' in entry)
    const details = more.filter((entry): entry is RowDetails => !('url' in entry))
    return [name, Object.assign({}, shared, ...details, { parameters, macs, weights })]
  })
  return Object.fromEntries(entries) as Record<N, ModelMetadata>
}
