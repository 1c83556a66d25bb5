import { imagenetMean, imagenetStd, type Preprocessing } from '../transforms/index.ts'
import type { LabelSet } from './labels.ts'

export interface WeightEntry {
  readonly tag: string
  readonly url: string
  /** The first hexadecimal digits of the file's SHA-256, as many as the source states. */
  readonly sha256: string
  readonly licence: string
  readonly classes: LabelSet
  /** Percent, as the source reports it. */
  readonly top1: number
  readonly source: string
  readonly preprocessing: Preprocessing
}

export interface ModelMetadata {
  readonly family: string
  readonly paper: string
  /** Trainable parameters with the default options. */
  readonly parameters: number
  /** Multiply-accumulates of convolutions and linear layers for one image of the input size in `preprocessing`. */
  readonly macs: number
  readonly numClasses: number
  readonly reference: string
  readonly preprocessing: Preprocessing
  readonly weights: readonly WeightEntry[]
}

export const imagenet224: Preprocessing = {
  inputSize: 224,
  resize: 256,
  interpolation: 'bilinear',
  mean: imagenetMean,
  std: imagenetStd,
}

export const cifar32: Preprocessing = { inputSize: 32, mean: imagenetMean, std: imagenetStd }

/** Entries of torchvision's server: the hash's first eight digits end the file name. `V2` recipes resize to 232. */
export function torchvisionWeights(file: string, top1: number, tag = 'tv_in1k', resize = 256): WeightEntry {
  const sha256 = /-([0-9a-f]{8})\.pth$/.exec(file)?.[1]
  if (sha256 === undefined) throw new Error(`torchvisionWeights: ${file} does not end in its hash`)
  return {
    tag,
    url: `https://download.pytorch.org/models/${file}`,
    sha256,
    licence: 'BSD-3-Clause',
    classes: 'imagenet-1k',
    top1,
    source: 'torchvision',
    preprocessing: { ...imagenet224, resize },
  }
}

type Row = readonly [parameters: number, macs: number, ...weights: WeightEntry[]]

/** A family's table of variants from what they share and the figures of each. */
export function metadataTable<N extends string>(
  shared: Omit<ModelMetadata, 'parameters' | 'macs' | 'weights'>,
  rows: Readonly<Record<N, Row>>,
): Readonly<Record<N, ModelMetadata>> {
  const entries = Object.entries<Row>(rows).map(([name, [parameters, macs, ...weights]]) => [
    name,
    { ...shared, parameters, macs, weights },
  ])
  return Object.fromEntries(entries) as Record<N, ModelMetadata>
}
