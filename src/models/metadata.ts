import { imagenetMean, imagenetStd, type Preprocessing } from '../transforms/index.ts'
import type { LabelSet } from './labels.ts'
import { fileIdentity } from './weight-files.ts'

export interface WeightEntry {
  readonly tag: string
  readonly url: string
  /** The file's SHA-256 in hexadecimal, where it is known whole. */
  readonly sha256?: string
  /** Its first digits, which published files bear in their names. */
  readonly sha256Prefix: string
  /** The file's size, where it is known. */
  readonly bytes?: number
  readonly licence: string
  readonly classes: LabelSet
  /** Percent of images whose class is the first of the network's, as the source reports it. */
  readonly top1: number
  /** Percent of images whose class is among the first five, where the source reports it. */
  readonly top5?: number
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
  top5: number,
  tag = 'tv_in1k',
  resize = 256,
): WeightEntry {
  return {
    tag,
    url: `https://download.pytorch.org/models/${file}`,
    ...fileIdentity(file),
    licence: 'BSD-3-Clause',
    classes: 'imagenet-1k',
    top1,
    top5,
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
