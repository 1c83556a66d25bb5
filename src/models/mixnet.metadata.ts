import { type ModelMetadata, metadataTable, paperOf, timm224, timmWeights } from './metadata.ts'

export type MixNetName =
  | 'mixnet_s'
  | 'mixnet_m'
  | 'mixnet_l'
  | 'mixnet_xl'
  | 'mixnet_xxl'
  | 'tf_mixnet_s'
  | 'tf_mixnet_m'
  | 'tf_mixnet_l'

const notOfThePaper = { note: "Not of the paper: timm's own scaling of MixNet-M in width and depth." }

export const mixnetMetadata: Readonly<Record<MixNetName, ModelMetadata>> = metadataTable(
  {
    row: 'MixNet',
    paper: paperOf('Tan and Le', 'MixConv: Mixed Depthwise Convolutional Kernels', 2019, '1907.09595'),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: timm224,
  },
  {
    mixnet_s: [4_134_606, 239_173_360, timmWeights('mixnet_s', 'ft_in1k', 76)],
    mixnet_m: [5_014_382, 339_172_672, timmWeights('mixnet_m', 'ft_in1k', 77.268)],
    mixnet_l: [7_329_252, 555_251_792, timmWeights('mixnet_l', 'ft_in1k', 78.97)],
    mixnet_xl: [11_896_768, 904_010_880, timmWeights('mixnet_xl', 'ra_in1k', 80.494), notOfThePaper],
    mixnet_xxl: [23_961_752, 1_992_725_184, notOfThePaper],
    tf_mixnet_s: [4_134_606, 239_173_360, timmWeights('tf_mixnet_s', 'in1k', 75.656)],
    tf_mixnet_m: [5_014_382, 339_172_672, timmWeights('tf_mixnet_m', 'in1k', 76.952)],
    tf_mixnet_l: [7_329_252, 555_251_792, timmWeights('tf_mixnet_l', 'in1k', 78.774)],
  },
)
