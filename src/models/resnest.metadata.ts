import type { Preprocessing } from '../transforms/index.ts'
import {
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

export type ResNeStName =
  | 'resnest14d'
  | 'resnest26d'
  | 'resnest50d'
  | 'resnest50d_1s4x24d'
  | 'resnest50d_4s2x40d'
  | 'resnest101e'
  | 'resnest200e'
  | 'resnest269e'
  | 'resnest50_fast_1s1x64d'
  | 'resnest50_fast_2s1x64d'
  | 'resnest50_fast_4s1x64d'
  | 'resnest50_fast_1s2x40d'
  | 'resnest50_fast_2s2x40d'

const at224Bilinear: Preprocessing = { ...timm224, interpolation: 'bilinear' }
const at256Bilinear: Preprocessing = { ...timm224, inputSize: 256, interpolation: 'bilinear' }
const at320c909: Preprocessing = { ...timm224, inputSize: 320, cropPct: 0.909 }
const at416c928: Preprocessing = { ...timm224, inputSize: 416, cropPct: 0.928 }

/** The authors' evaluation: the central square of size / (size + 32) of the shorter side. */
const officialPreprocessing = (size: number): Preprocessing => ({
  ...timm224,
  inputSize: size,
  cropPct: Math.round((1000 * size) / (size + 32)) / 1000,
})

/** The authors' release. */
function official(file: string, top1: number, size = 224): WeightEntry {
  return {
    tag: 'authors_in1k',
    url: `https://github.com/zhanghang1989/ResNeSt/releases/download/weights_step1/${file}`,
    sha256Prefix: /-([0-9a-f]{8})\.pth$/.exec(file)![1]!,
    licence: 'Apache-2.0',
    classes: 'imagenet-1k',
    top1,
    source: 'zhanghang1989/ResNeSt',
    preprocessing: officialPreprocessing(size),
  }
}

export const resnestMetadata: Readonly<Record<ResNeStName, ModelMetadata>> = metadataTable(
  {
    row: 'ResNeSt',
    paper: paperOf('Zhang et al.', 'ResNeSt: Split-Attention Networks', 2020, '2004.08955'),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: at224Bilinear,
  },
  {
    resnest14d: [
      10_611_688,
      2_749_405_184,
      timmWeights('resnest14d', 'gluon_in1k', 75.516, at224Bilinear),
      pytorchcvWeights('v0.0.493', 'resnestabc14-0647-0c3d9e34.pth.zip', 77.54, { naming: 'pytorchcv' }),
    ],
    resnest26d: [
      17_069_448,
      3_623_391_232,
      timmWeights('resnest26d', 'gluon_in1k', 78.476, at224Bilinear),
      pytorchcvWeights('v0.0.495', 'resnestabc26-0476-7d97b206.pth.zip', 80.44, { naming: 'pytorchcv' }),
    ],
    resnest50d: [
      27_483_240,
      5_371_160_576,
      timmWeights('resnest50d', 'in1k', 80.958, at224Bilinear),
      official('resnest50-528c19ca.pth', 81.03),
      pytorchcvWeights('v0.0.531', 'resnesta50-0449-8ebaf2c7.pth.zip', 81.0, { naming: 'pytorchcv' }),
    ],
    resnest50d_1s4x24d: [
      25_677_000,
      4_399_827_456,
      timmWeights('resnest50d_1s4x24d', 'in1k', 81.024),
      { preprocessing: timm224 },
      official('resnest50_fast_1s4x24d-d4a4f76f.pth', 80.99),
    ],
    resnest50d_4s2x40d: [
      30_417_592,
      4_369_060_736,
      timmWeights('resnest50d_4s2x40d', 'in1k', 81.146),
      { preprocessing: timm224 },
      official('resnest50_fast_4s2x40d-41d14ed0.pth', 81.14),
    ],
    resnest101e: [
      48_275_016,
      13_321_472_000,
      timmWeights('resnest101e', 'in1k', 82.916, at256Bilinear),
      { preprocessing: at256Bilinear },
      official('resnest101-22405ba7.pth', 82.83, 256),
      pytorchcvWeights('v0.0.465', 'resnesta101-0403-61e14773.pth.zip', 82.17, { naming: 'pytorchcv' }),
    ],
    resnest200e: [
      70_201_544,
      35_519_694_848,
      timmWeights('resnest200e', 'in1k', 83.88, at320c909),
      { preprocessing: at320c909 },
      official('resnest200-75117900.pth', 83.84, 320),
      pytorchcvWeights('v0.0.465', 'resnesta200-0339-6dc30087.pth.zip', 83.13, { naming: 'pytorchcv' }),
    ],
    resnest269e: [
      110_929_480,
      77_348_702_208,
      timmWeights('resnest269e', 'in1k', 84.542, at416c928),
      { preprocessing: at416c928 },
      official('resnest269-0cc87c48.pth', 84.54, 416),
      pytorchcvWeights('v0.0.465', 'resnesta269-0338-6a555ce8.pth.zip', 83.53, { naming: 'pytorchcv' }),
    ],
    resnest50_fast_1s1x64d: [
      26_217_896,
      4_329_459_712,
      official('resnest50_fast_1s1x64d-d8fbf808.pth', 80.33),
      { preprocessing: officialPreprocessing(224), reference: 'zhanghang1989/ResNeSt' },
    ],
    resnest50_fast_2s1x64d: [
      27_483_240,
      4_330_711_040,
      official('resnest50_fast_2s1x64d-44938639.pth', 80.53),
      { preprocessing: officialPreprocessing(224), reference: 'zhanghang1989/ResNeSt' },
    ],
    resnest50_fast_4s1x64d: [
      31_912_712,
      4_335_112_192,
      official('resnest50_fast_4s1x64d-f74f3fc3.pth', 80.76),
      { preprocessing: officialPreprocessing(224), reference: 'zhanghang1989/ResNeSt' },
    ],
    resnest50_fast_1s2x40d: [
      25_946_680,
      4_364_642_816,
      official('resnest50_fast_1s2x40d-32830b84.pth', 80.59),
      { preprocessing: officialPreprocessing(224), reference: 'zhanghang1989/ResNeSt' },
    ],
    resnest50_fast_2s2x40d: [
      26_943_792,
      4_365_622_336,
      official('resnest50_fast_2s2x40d-9d126481.pth', 80.61),
      { preprocessing: officialPreprocessing(224), reference: 'zhanghang1989/ResNeSt' },
    ],
  },
)
