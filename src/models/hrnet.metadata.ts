import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

export type HRNetName =
  | 'hrnet_w18_small'
  | 'hrnet_w18_small_v2'
  | 'hrnet_w18'
  | 'hrnet_w30'
  | 'hrnet_w32'
  | 'hrnet_w40'
  | 'hrnet_w44'
  | 'hrnet_w48'
  | 'hrnet_w64'
  | 'hrnet_w18_ssld'
  | 'hrnet_w48_ssld'

const bilinear: Preprocessing = { ...timm224, interpolation: 'bilinear' }
const narrowCrop: Preprocessing = { ...bilinear, cropPct: 0.95 }

const microsoft = (model: string, top1: number): WeightEntry =>
  timmWeights(model, 'ms_in1k', top1, bilinear, 'MIT')

const gluon = (model: string, top1: number): WeightEntry => timmWeights(model, 'gluon_in1k', top1, timm224)

const paddle = (model: string, top1: number): WeightEntry =>
  timmWeights(model, 'paddle_in1k', top1, narrowCrop, 'MIT')

const pytorchcv = (release: string, file: string, top1: number): WeightEntry =>
  pytorchcvWeights(release, `${file}.pth.zip`, top1, { naming: 'pytorchcv', preprocessing: imagenet224 })

export const hrnetMetadata: Readonly<Record<HRNetName, ModelMetadata>> = metadataTable(
  {
    row: 'HRNet',
    paper: paperOf(
      'Wang et al.',
      'Deep High-Resolution Representation Learning for Visual Recognition',
      2019,
      '1908.07919',
    ),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: bilinear,
  },
  {
    hrnet_w18_small: [
      13_187_464,
      1_601_508_352,
      gluon('hrnet_w18_small', 73.934),
      microsoft('hrnet_w18_small', 72.34),
      pytorchcv('v0.0.492', 'hrnet_w18_small_v1-0901-30023064', 73.52),
    ],
    hrnet_w18_small_v2: [
      15_597_464,
      2_595_712_864,
      gluon('hrnet_w18_small_v2', 78.202),
      microsoft('hrnet_w18_small_v2', 75.094),
      pytorchcv('v0.0.499', 'hrnet_w18_small_v2-0618-ef7b1fe4', 78.07),
    ],
    hrnet_w18: [
      21_299_004,
      4_283_537_072,
      microsoft('hrnet_w18', 76.77),
      timmWeights('hrnet_w18', 'ms_aug_in1k', 78.11, narrowCrop, 'MIT'),
      pytorchcv('v0.0.508', 'hrnetv2_w18-0512-9d2b7fbf', 79.8),
    ],
    hrnet_w30: [
      37_712_220,
      8_105_781_680,
      microsoft('hrnet_w30', 78.202),
      pytorchcv('v0.0.525', 'hrnetv2_w30-0521-73d7e48d', 79.65),
    ],
    hrnet_w32: [
      41_232_680,
      8_921_133_056,
      microsoft('hrnet_w32', 78.452),
      pytorchcv('v0.0.528', 'hrnetv2_w32-0506-4aaf8a21', 80.04),
    ],
    hrnet_w40: [
      57_557_160,
      12_691_997_440,
      microsoft('hrnet_w40', 78.928),
      pytorchcv('v0.0.534', 'hrnetv2_w40-0493-6f6d22d3', 80.16),
    ],
    hrnet_w44: [
      67_064_984,
      14_883_104_960,
      microsoft('hrnet_w44', 78.89),
      pytorchcv('v0.0.541', 'hrnetv2_w44-0501-ec40e545', 80.26),
    ],
    hrnet_w48: [
      77_469_864,
      17_277_996_032,
      microsoft('hrnet_w48', 79.328),
      pytorchcv('v0.0.541', 'hrnetv2_w48-0500-0554b840', 80.33),
    ],
    hrnet_w64: [
      128_059_944,
      28_895_395_840,
      microsoft('hrnet_w64', 79.458),
      pytorchcv('v0.0.543', 'hrnetv2_w64-0487-108e78b1', 80.33),
    ],
    hrnet_w18_ssld: [
      21_295_164,
      4_283_537_072,
      { preprocessing: narrowCrop },
      paddle('hrnet_w18_ssld', 81.114),
    ],
    hrnet_w48_ssld: [
      77_466_024,
      17_277_996_032,
      { preprocessing: narrowCrop },
      paddle('hrnet_w48_ssld', 83.656),
    ],
  },
)
