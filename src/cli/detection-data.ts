import { type DetectionDataset, type DetectionSample, randomSplit } from '../data/index.ts'
import { type OpenedDetection, openDetectionDataset } from '../data/node.ts'
import { CommandError, type FlagOption, type TextOption } from './command.ts'

export const detectionDataOptions: {
  readonly data: TextOption
  readonly skipCorrupt: FlagOption
} = {
  data: {
    kind: 'text',
    placeholder: 'path',
    short: 'd',
    description: 'images with objects: a folder or a file',
  },
  skipCorrupt: { kind: 'flag', description: 'leaves out images that cannot be decoded, naming them' },
}

/** For the help of commands that take images with objects. */
export const detectionDataDetails: string =
  "Images with objects are one of: Darknet's labels (a .data file, a list of images, or a folder with images/, labels/ and " +
  'classes.txt, also in parts train and val); PASCAL VOC (a folder with Annotations/ and JPEGImages/, or a folder of such ' +
  'folders); COCO (annotations/instances_*.json beside the folders of images, or such a file).'

export interface DetectionFlags {
  readonly train: boolean
  readonly skipCorrupt: boolean
  readonly classes?: readonly string[]
}

export function openDetectionData(data: string, flags: DetectionFlags): Promise<OpenedDetection> {
  return openDetectionDataset(data, {
    ...flags,
    onSkip: (error) => console.error(`skipped ${error.message}`),
  })
}

/** Training and validation images of data without parts of its own: at least one of each. */
export function splitDetection(
  dataset: DetectionDataset,
  share: number,
  seed: number,
): readonly [DetectionDataset, DetectionDataset] {
  if (dataset.length < 2) {
    throw new CommandError(
      'one image is too few for a validation share; use --val-split 0, or name other images with --val',
    )
  }
  const held = Math.min(Math.max(1, Math.round(dataset.length * share)), dataset.length - 1)
  const parts = randomSplit<DetectionSample>(dataset, [dataset.length - held, held], seed)
  const [training, validation] = parts.map((part) => ({ ...part, classes: dataset.classes }))
  return [training!, validation!]
}
