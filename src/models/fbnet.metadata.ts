import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  timm224,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

export type FbnetName = 'fbnet_a' | 'fbnet_b' | 'fbnet_c'
export type TimmFbnetName = 'fbnetc_100'

const weights = (file: string, top1: number): WeightEntry => ({
  tag: 'fb_in1k',
  url: `https://dl.fbaipublicfiles.com/fbnet/models/20200103/rAuaZE/${file}/model.pth`,
  licence: 'CC-BY-NC-4.0',
  classes: 'imagenet-1k',
  top1,
  source: 'facebookresearch/mobile-vision',
  preprocessing: imagenet224,
})

const bilinear = { ...timm224, interpolation: 'bilinear' } as const

export const fbnetMetadata: Readonly<Record<FbnetName | TimmFbnetName, ModelMetadata>> = metadataTable(
  {
    row: 'FBNet',
    paper: paperOf(
      'Wu et al.',
      'FBNet: Hardware-Aware Efficient ConvNet Design via Differentiable Neural Architecture Search',
      2018,
      '1812.03443',
    ),
    numClasses: 1000,
    reference: 'facebookresearch/mobile-vision',
    preprocessing: imagenet224,
  },
  {
    fbnet_a: [4_321_232, 244_452_664, weights('fbnet_a_f155351132', 73.298)],
    fbnet_b: [4_818_216, 291_004_424, weights('fbnet_b_f153237418', 74.5441)],
    fbnet_c: [5_592_784, 378_136_224, weights('fbnet_c_f152910217', 75.2499)],
    fbnetc_100: [
      5_572_200,
      384_960_160,
      { reference: 'timm', preprocessing: bilinear },
      {
        ...timmWeights('fbnetc_100', 'rmsp_in1k', 75.12, bilinear),
        options: { normEps: 1e-3 },
      },
    ],
  },
)
