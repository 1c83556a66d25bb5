import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  type WeightEntry,
} from './metadata.ts'

export type SqueezeNextName =
  | `sqnxt23${'' | 'v5'}_${'w1' | 'w3d2' | 'w2'}`
  | `sqnxt23${'' | 'v5'}_${'w1' | 'w2'}_caffe`
  | 'sqnxt23_w1_g2_caffe'

const reference = 'amirgholami/SqueezeNext'

const caffe227: Preprocessing = {
  inputSize: 227,
  resize: [256, 256],
  interpolation: 'bilinear',
  range: 255,
  mean: [123, 117, 104],
  std: [1, 1, 1],
}

const weights: WeightEntry = {
  tag: 'caffe',
  url: 'https://www.dropbox.com/sh/jpijswazbwk8opf/AADtPJdnEnFRMpkdD5qZdjTUa?dl=0',
  format: 'caffe',
  naming: 'caffe',
  licence: 'BSD-2-Clause',
  classes: 'imagenet-1k',
  source: `${reference} (a folder with all of its networks)`,
  preprocessing: caffe227,
}

const caffe: Partial<ModelMetadata> = {
  reference,
  preprocessing: caffe227,
  note: 'The published weights are for images with channels in the order blue, green, red.',
}

export const squeezenextMetadata: Readonly<Record<SqueezeNextName, ModelMetadata>> = metadataTable(
  {
    row: 'SqueezeNeXt',
    paper: paperOf('Gholami et al.', 'SqueezeNext: Hardware-Aware Neural Network Design', 2018, '1803.10615'),
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
  },
  {
    sqnxt23_w1: [
      724_056,
      275_920_640,
      pytorchcvWeights('v0.0.171', 'sqnxt23_w1-1906-97b74e0c.pth.zip', 57.49),
    ],
    sqnxt23_w3d2: [
      1_511_824,
      535_347_840,
      pytorchcvWeights('v0.0.210', 'sqnxt23_w3d2-1350-c2f21bce.pth.zip', 65.11),
    ],
    sqnxt23_w2: [
      2_583_752,
      875_752_960,
      pytorchcvWeights('v0.0.240', 'sqnxt23_w2-1100-b9bb7302.pth.zip', 69.38),
    ],
    sqnxt23v5_w1: [
      921_816,
      276_943_616,
      pytorchcvWeights('v0.0.172', 'sqnxt23v5_w1-1785-2fe3ad67.pth.zip', 59.23),
    ],
    sqnxt23v5_w3d2: [
      1_953_616,
      537_649_536,
      pytorchcvWeights('v0.0.212', 'sqnxt23v5_w3d2-1301-c244844b.pth.zip', 66.19),
    ],
    sqnxt23v5_w2: [
      3_366_344,
      879_844_864,
      pytorchcvWeights('v0.0.216', 'sqnxt23v5_w2-1066-229b0d3d.pth.zip', 70.37),
    ],
    sqnxt23_w1_caffe: [717_280, 277_999_808, weights, caffe],
    sqnxt23_w1_g2_caffe: [543_072, 224_191_552, weights, caffe],
    sqnxt23_w2_caffe: [2_361_728, 742_070_464, weights, caffe],
    sqnxt23v5_w1_caffe: [930_016, 224_916_480, weights, caffe],
    sqnxt23v5_w2_caffe: [3_222_912, 702_592_000, weights, caffe],
  },
)
