import { imagenetMean, imagenetStd, type Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  pytorchcvWeights,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

export type CspNetName = 'darknet53' | 'cspdarknet53' | 'cspresnet50' | 'cspresnext50'

/** As timm evaluates the family: 256 pixels of a resized 288. */
const timm256: Preprocessing = {
  inputSize: 256,
  cropPct: 0.887,
  interpolation: 'bilinear',
  mean: imagenetMean,
  std: imagenetStd,
}

const bicubic256: Preprocessing = { ...timm256, interpolation: 'bicubic' }

const shared = { numClasses: 1000, reference: 'timm', preprocessing: timm256 } as const

export const yolov3Paper: Paper = paperOf(
  'Redmon and Farhadi',
  'YOLOv3: An Incremental Improvement',
  2018,
  '1804.02767',
)

export const cspPaper: Paper = paperOf(
  'Wang et al.',
  'CSPNet: A New Backbone that can Enhance Learning Capability of CNN',
  2019,
  '1911.11929',
)

/** timm's checkpoint on Hugging Face, and the file on GitHub that it was made from. */
function timmBoth(
  model: string,
  tag: string,
  top1: number,
  release: string,
  file: string,
  preprocessing: Preprocessing,
): [WeightEntry, WeightEntry] {
  const entry = timmWeights(model, tag, top1, preprocessing)
  return [
    entry,
    {
      ...entry,
      tag: `${tag}_pth`,
      url: `https://github.com/rwightman/pytorch-image-models/releases/download/${release}/${file}`,
      format: 'pytorch',
      sha256Prefix: /-([0-9a-f]{8})\.pth$/.exec(file)![1]!,
    },
  ]
}

export const cspnetMetadata: Readonly<Record<CspNetName, ModelMetadata>> = {
  ...metadataTable(
    { ...shared, row: 'Darknet-53', paper: yolov3Paper },
    {
      darknet53: [
        41_609_928,
        9_285_115_904,
        { preprocessing: bicubic256 },
        ...timmBoth(
          'darknet53',
          'c2ns_in1k',
          80.008,
          'v0.1-tpu-weights',
          'darknet53_256_c2ns-3aeff817.pth',
          bicubic256,
        ),
        {
          ...pytorchcvWeights('v0.0.501', 'darknet53-0558-8be575a0.pth.zip', 78.67, {
            naming: 'pytorchcv',
            preprocessing: imagenet224,
          }),
          options: { negativeSlope: 0.1 },
        },
      ],
    },
  ),
  ...metadataTable(
    { ...shared, row: 'CSPDarknet53', paper: cspPaper },
    {
      cspdarknet53: [
        27_642_184,
        6_533_652_480,
        ...timmBoth(
          'cspdarknet53',
          'ra_in1k',
          80.078,
          'v0.1-weights',
          'cspdarknet53_ra_256-d05c7c21.pth',
          timm256,
        ),
      ],
    },
  ),
  ...metadataTable(
    { ...shared, row: 'CSPResNeXt', paper: cspPaper },
    {
      cspresnet50: [
        21_616_168,
        4_517_240_832,
        ...timmBoth('cspresnet50', 'ra_in1k', 79.578, 'v0.1-weights', 'cspresnet50_ra-d3e8d487.pth', timm256),
      ],
      cspresnext50: [
        20_569_896,
        4_014_948_352,
        ...timmBoth(
          'cspresnext50',
          'ra_in1k',
          80.548,
          'v0.1-weights',
          'cspresnext50_ra_224-648b4713.pth',
          timm256,
        ),
      ],
    },
  ),
}
