import { type Dataset, digits, mapDataset, randomSplit, subset } from '../data/index.ts'
import { openDataset } from '../data/node.ts'
import type { Transform } from '../transforms/index.ts'
import { CommandError, type FlagOption, type TextOption } from './command.ts'
import type { Statistics, UniformImages } from './image-options.ts'
import { counted } from './progress.ts'

export const dataOptions: {
  readonly data: TextOption
  readonly skipCorrupt: FlagOption
} = {
  data: {
    kind: 'text',
    placeholder: 'folder',
    short: 'd',
    description: "labelled images: 'digits', or a folder",
  },
  skipCorrupt: { kind: 'flag', description: 'leaves out images that cannot be decoded, naming them' },
}

/** For the help of commands that take --data. */
export const dataDetails: string =
  "Labelled images are one of: 'digits', which the library draws itself; a folder with MNIST's files, plain or gzipped; " +
  'a folder with a folder of images for each class, also as parts of its own in train/ and val/ (or valid/, validation/, ' +
  'test/); a folder with labels.csv, whose lines hold a file name and a class; image sheets of CIFAR-10 with labels.csv; ' +
  'a folder of images whose names begin with the class and an underscore, such as n01440764_tench.jpg.'

type Labelled = Dataset & { readonly classes: readonly string[] }

/** Labelled images before any transform. */
export interface LabelledData {
  readonly dataset: Labelled
  /** null for photographs of any size. */
  readonly uniform: UniformImages | null
  /** Mean and standard deviation that are usual for this data, where there are such. */
  readonly statistics: Statistics | null
  /** Whether training and test images are told apart. */
  readonly hasParts: boolean
}

const mnistStatistics = { mean: [0.1307], std: [0.3081] }

export interface OpenFlags {
  readonly train: boolean
  readonly skipCorrupt: boolean
}

export async function openLabelledData(data: string, flags: OpenFlags): Promise<LabelledData> {
  if (data === 'digits') {
    const dataset = digits({ train: flags.train })
    return { dataset, uniform: { size: [32, 32], channels: 1 }, statistics: null, hasParts: true }
  }
  const { dataset, layout, hasParts } = await openDataset(data, {
    train: flags.train,
    skipCorrupt: flags.skipCorrupt,
    onSkip: (error) => console.error(`skipped ${error.message}`),
  })
  if (layout !== 'mnist' && layout !== 'image rows')
    return { dataset, uniform: null, statistics: null, hasParts }
  const { image } = await dataset.get(0)
  const uniform: UniformImages = { size: [image.height, image.width], channels: image.channels }
  return { dataset, uniform, statistics: layout === 'mnist' ? mnistStatistics : null, hasParts }
}

/** The data set seen through a transform, its labels renamed where the network has another order. */
export function seenThrough(dataset: Dataset, transform: Transform, labels?: Int32Array): Dataset {
  return mapDataset(dataset, ({ image, label }, generator) => ({
    image: transform.apply(image, generator),
    label: labels ? labels[label]! : label,
  }))
}

/** Says which classes have no images to learn from, where the data set knows its labels beforehand. */
export function warnOfUnseen({ labels, classes = [] }: Dataset, split: boolean): void {
  if (labels === undefined) return
  const seen = new Set(Array.from(labels))
  const unseen = classes.filter((_, label) => !seen.has(label))
  if (unseen.length === 0) return
  const named = `${unseen.slice(0, 5).join(', ')}${unseen.length > 5 ? ', …' : ''}`
  console.error(
    `no training images for ${counted(unseen.length, 'class', 'classes')} of ${classes.length}: ${named}` +
      (split ? '; the validation share took them: --val-split 0 leaves it out' : ''),
  )
}

/** The first `limit` samples, or all. */
export function firstOf(dataset: Dataset, limit: number | undefined): Dataset {
  if (limit === undefined || limit >= dataset.length) return dataset
  return subset(
    dataset,
    Array.from({ length: limit }, (_, i) => i),
  )
}

/** Training and validation images of data without parts of its own: at least one of each. */
export function splitOff(dataset: Labelled, share: number, seed: number): readonly [Dataset, Dataset] {
  if (dataset.length < 2) {
    throw new CommandError(
      `${counted(dataset.length, 'image')} is too few for a validation share of ${Number((100 * share).toPrecision(3))} %; ` +
        'use --val-split 0, or name other images with --val',
    )
  }
  const validation = Math.min(Math.max(1, Math.round(dataset.length * share)), dataset.length - 1)
  const [train, held] = randomSplit(dataset, [dataset.length - validation, validation], seed)
  return [train!, held!]
}
