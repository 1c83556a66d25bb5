import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  timm224,
  timmWeights,
  torchvisionWeights,
  type WeightEntry,
} from './metadata.ts'

export type MnasNetName = 'mnasnet0_5' | 'mnasnet0_75' | 'mnasnet1_0' | 'mnasnet1_3'

export type TimmMnasNetName =
  | 'mnasnet_050'
  | 'mnasnet_075'
  | 'mnasnet_100'
  | 'mnasnet_140'
  | 'mnasnet_small'
  | 'semnasnet_050'
  | 'semnasnet_075'
  | 'semnasnet_100'
  | 'semnasnet_140'

/** Of the first recipe, whose file names end in ten digits of their hash. */
const torchvisionV1 = (file: string, top1: number, top5: number): WeightEntry => ({
  tag: 'tv_in1k',
  url: `https://download.pytorch.org/models/${file}`,
  sha256Prefix: /-([0-9a-f]{8})[0-9a-f]{2}\.pth$/.exec(file)![1]!,
  licence: 'BSD-3-Clause',
  classes: 'imagenet-1k',
  top1,
  top5,
  source: 'torchvision',
  preprocessing: imagenet224,
})

const tensorFlow = (width: string, top1: number): WeightEntry => ({
  tag: 'tf_in1k',
  url: `https://storage.googleapis.com/cloud-tpu-checkpoints/mnasnet/mnasnet-a1${width}.tgz`,
  format: 'tensorflow',
  naming: 'tensorflow',
  options: { padding: 'sameTensorFlow', normEps: 1e-3 },
  licence: 'Apache-2.0',
  classes: 'imagenet-1k',
  top1,
  source: 'tensorflow/tpu mnasnet',
  preprocessing: timm224,
})

const timm = { reference: 'timm', preprocessing: timm224 }

export const mnasnetMetadata: Readonly<Record<MnasNetName | TimmMnasNetName, ModelMetadata>> = metadataTable(
  {
    row: 'MnasNet',
    paper: paperOf(
      'Tan et al.',
      'MnasNet: Platform-Aware Neural Architecture Search for Mobile',
      2018,
      '1807.11626',
    ),
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
  },
  {
    mnasnet0_5: [
      2_218_512,
      104_455_968,
      torchvisionV1('mnasnet0.5_top1_67.823-3ffadce67e.pth', 67.734, 87.49),
    ],
    mnasnet0_75: [
      3_170_208,
      215_493_104,
      torchvisionWeights('mnasnet0_75-7090bc5f.pth', 71.18, 90.496, 'tv_in1k', 232),
    ],
    mnasnet1_0: [
      4_383_312,
      314_415_872,
      torchvisionV1('mnasnet1.0_top1_73.512-f206786ef8.pth', 73.456, 91.51),
    ],
    mnasnet1_3: [
      6_282_256,
      526_362_432,
      torchvisionWeights('mnasnet1_3-a4c69d6f.pth', 76.506, 93.522, 'tv_in1k', 232),
    ],
    mnasnet_050: [2_218_512, 104_455_968, timm],
    mnasnet_075: [3_170_208, 215_493_104, timm],
    mnasnet_100: [4_383_312, 314_415_872, timm, timmWeights('mnasnet_100', 'rmsp_in1k', 74.672)],
    mnasnet_140: [7_115_728, 588_799_408, timm],
    mnasnet_small: [2_030_264, 68_339_184, timm, timmWeights('mnasnet_small', 'lamb_in1k', 66.204)],
    semnasnet_050: [2_082_006, 103_162_992, timm, tensorFlow('-050', 68.9)],
    semnasnet_075: [
      2_912_278,
      223_448_480,
      timm,
      timmWeights('semnasnet_075', 'rmsp_in1k', 73),
      tensorFlow('-075', 73.3),
    ],
    semnasnet_100: [
      3_887_038,
      311_579_072,
      timm,
      timmWeights('semnasnet_100', 'rmsp_in1k', 75.452),
      tensorFlow('', 75.2),
    ],
    semnasnet_140: [6_105_992, 586_317_952, timm, tensorFlow('-140', 77.2)],
  },
)
