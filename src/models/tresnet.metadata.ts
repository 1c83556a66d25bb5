import type { Preprocessing } from '../transforms/index.ts'
import {
  type ModelMetadata,
  metadataTable,
  paperOf,
  timm224,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

export type TResNetName = 'tresnet_m' | 'tresnet_l' | 'tresnet_xl' | 'tresnet_v2_l'

const unitRange = { mean: [0, 0, 0], std: [1, 1, 1] } as const
const at224Bilinear: Preprocessing = { ...timm224, interpolation: 'bilinear', ...unitRange }
const at448Bilinear: Preprocessing = { ...timm224, inputSize: 448, interpolation: 'bilinear', ...unitRange }

/** The authors' files: their scales are those of InPlaceABN, |weight| + 1e-5. */
function authors(file: string, top1: number, preprocessing: Preprocessing = at224Bilinear): WeightEntry {
  return {
    tag: preprocessing === at224Bilinear ? 'authors_in1k' : 'authors_in1k_448',
    url: `https://miil-public-eu.oss-eu-central-1.aliyuncs.com/model-zoo/tresnet/${file}`,
    naming: 'Alibaba-MIIL/TResNet',
    licence: 'Apache-2.0',
    classes: 'imagenet-1k',
    top1,
    source: 'Alibaba-MIIL/TResNet',
    preprocessing,
  }
}

export const tresnetMetadata: Readonly<Record<TResNetName, ModelMetadata>> = metadataTable(
  {
    row: 'TResNet',
    paper: paperOf(
      'Ridnik et al.',
      'TResNet: High Performance GPU-Dedicated Architecture',
      2020,
      '2003.13630',
    ),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: at224Bilinear,
    minInputSize: 32,
  },
  {
    tresnet_m: [
      31_389_032,
      5_736_545_792,
      timmWeights('tresnet_m', 'miil_in21k_ft_in1k', 83.09, at224Bilinear),
      timmWeights('tresnet_m', 'miil_in1k', 80.816, at224Bilinear),
      timmWeights('tresnet_m', 'miil_in1k_448', 81.71, at448Bilinear),
      authors('tresnet_m.pth', 80.816),
      authors('tresnet_m_448.pth', 81.71, at448Bilinear),
    ],
    tresnet_l: [
      55_989_256,
      10_877_566_880,
      timmWeights('tresnet_l', 'miil_in1k', 81.498, at224Bilinear),
      timmWeights('tresnet_l', 'miil_in1k_448', 82.278, at448Bilinear),
      authors('tresnet_l.pth', 81.498),
      authors('tresnet_l_448.pth', 82.278, at448Bilinear),
    ],
    tresnet_xl: [
      78_436_244,
      15_167_063_432,
      timmWeights('tresnet_xl', 'miil_in1k', 82.06, at224Bilinear),
      timmWeights('tresnet_xl', 'miil_in1k_448', 83.066, at448Bilinear),
      authors('tresnet_xl.pth', 82.06),
      authors('tresnet_xl_448.pth', 83.066, at448Bilinear),
    ],
    tresnet_v2_l: [
      46_174_824,
      8_813_723_136,
      timmWeights('tresnet_v2_l', 'miil_in21k_ft_in1k', 83.91, at224Bilinear),
    ],
  },
)
