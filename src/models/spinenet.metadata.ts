import { imagenetMean, imagenetStd, type Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type SpineNetName = `spinenet_${'49s' | 49 | 96 | 143 | 190}`

const source = 'tensorflow/tpu'

const preprocessing: Preprocessing = {
  inputSize: 224,
  cropPct: 0.875,
  interpolation: 'bilinear',
  mean: imagenetMean,
  std: imagenetStd,
}

const best = (size: number, top1: number): WeightEntry => ({
  tag: 'best_in1k',
  url: `https://storage.cloud.google.com/cloud-tpu-checkpoints/detection/classification/spinenet-${size}-best-imagenet.tar.gz`,
  format: 'tensorflow',
  naming: source,
  options: { numClasses: 1001 },
  licence: 'Apache-2.0',
  classes: null,
  top1,
  source,
  preprocessing,
})

export const spinenetMetadata: Readonly<Record<SpineNetName, ModelMetadata>> = metadataTable(
  {
    row: 'SpineNet',
    paper: paperOf(
      'Du et al.',
      'SpineNet: Learning Scale-Permuted Backbone for Recognition and Localization',
      2019,
      '1912.05027',
    ),
    numClasses: 1000,
    reference: source,
    preprocessing,
    note: "the reference has 1001 classes, of which the first is the background; 'best' weights are those with swish",
  },
  {
    spinenet_49s: [9_218_215, 1_516_409_141],
    spinenet_49: [22_088_488, 3_477_940_224, best(49, 78.1)],
    spinenet_96: [36_519_976, 5_723_531_264, best(96, 79.4)],
    spinenet_143: [60_504_616, 9_086_871_552, best(143, 80.1)],
    spinenet_190: [127_100_664, 19_111_827_632, best(190, 80.8)],
  },
)
