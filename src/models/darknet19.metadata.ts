import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  type WeightEntry,
} from './metadata.ts'

export type Darknet19Name = 'darknet19' | 'darknet_tiny' | 'darknet_ref'

/** As Darknet validates its classifiers: the central square of the image scaled so that it just fits, values in [0, 1]. */
export const darknet256: Preprocessing = { inputSize: 256, interpolation: 'bilinear' }

/**
 * A file of pjreddie.com, in Darknet's own format. Its classes are ImageNet's in the order of the contest's ids, which is
 * not the alphabetical one of other weights.
 */
export function darknetWeights(file: string, more: Partial<WeightEntry> = {}): WeightEntry {
  return {
    tag: 'darknet',
    url: `https://pjreddie.com/media/files/${file}`,
    format: 'darknet',
    naming: 'darknet',
    licence: 'not stated',
    classes: null,
    source: 'pjreddie/darknet',
    preprocessing: darknet256,
    ...more,
  }
}

const tinyDarknet = paperOf('Redmon', 'Darknet: Open Source Neural Networks in C', 2013)

export const darknet19Metadata: Readonly<Record<Darknet19Name, ModelMetadata>> = metadataTable(
  {
    row: 'Darknet-19',
    paper: paperOf('Redmon and Farhadi', 'YOLO9000: Better, Faster, Stronger', 2016, '1612.08242'),
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
  },
  {
    darknet19: [
      20_842_376,
      2_790_989_824,
      darknetWeights('darknet19.weights', { top1: 72.9, top5: 91.2 }),
      {
        note:
          'The accuracy of the weights is the paper’s (section 3), whose 5.58 billion operations are twice the multiply-accumulates ' +
          'at 224 pixels.',
      },
    ],
    darknet_tiny: [
      1_042_104,
      491_524_096,
      { paper: tinyDarknet },
      pytorchcvWeights('v0.0.69', 'darknet_tiny-1784-4561e1ad.pth.zip', 59.26),
    ],
    darknet_ref: [
      7_319_416,
      362_373_120,
      { paper: tinyDarknet, minInputSize: 64 },
      pytorchcvWeights('v0.0.64', 'darknet_ref-1718-034595b4.pth.zip', 61.42),
    ],
  },
)
