import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type PublishedAccuracy,
  paperOf,
} from './metadata.ts'

export type SPPNetName =
  | 'sppnet_zf5'
  | 'sppnet_convnet5'
  | 'sppnet_overfeat5'
  | 'sppnet_overfeat7'
  | 'sppnet_zf5_nospp'
  | 'sppnet_convnet5_nospp'
  | 'sppnet_overfeat5_nospp'
  | 'sppnet_overfeat7_nospp'
  | 'sppnet_zf5_30bin'

const tenViews = (top1: number, top5: number, training = ''): { readonly accuracy: PublishedAccuracy } => ({
  accuracy: { top1, top5, source: `the paper, ten views${training}` },
})
const multiSize = (top1: number, top5: number) => tenViews(top1, top5, ', trained with two sizes')

export const sppnetMetadata: Readonly<Record<SPPNetName, ModelMetadata>> = metadataTable(
  {
    row: 'SPP-Net',
    paper: paperOf(
      'He et al.',
      'Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition',
      2014,
      '1406.4729',
    ),
    numClasses: 1000,
    reference: "the paper; ZF-5 as ShaoqingRen/SPP_net's Zeiler_conv5.prototxt has it",
    preprocessing: imagenet224,
    note:
      "The paper names neither the padding nor the kind of response normalization: paddings are those that give its maps' " +
      'sizes, normalization is over channels but in ZF-5, where the released file says within each. That file pools 13 ' +
      'into 2 with windows 7 apart; here they are 6 apart, as the rule in the paper gives. The authors subtract a mean image.',
  },
  {
    sppnet_zf5: [77_037_672, 1_182_712_960, multiSize(65.4, 86.36)],
    sppnet_convnet5: [77_058_408, 3_056_050_720, multiSize(66.06, 86.67)],
    sppnet_overfeat5: [132_268_648, 3_000_687_648, multiSize(67.74, 87.67)],
    sppnet_overfeat7: [136_988_264, 4_529_511_456, multiSize(70.32, 89.05)],
    sppnet_zf5_nospp: [62_357_608, 1_168_032_896, tenViews(64.01, 85.24), { minInputSize: 207 }],
    sppnet_convnet5_nospp: [62_378_344, 3_041_370_656, tenViews(65.07, 86.08), { minInputSize: 195 }],
    sppnet_overfeat5_nospp: [102_908_520, 2_971_327_520, tenViews(65.87, 86.48), { minInputSize: 191 }],
    sppnet_overfeat7_nospp: [107_628_136, 4_500_151_328, tenViews(67.99, 88.03), { minInputSize: 191 }],
    sppnet_zf5_30bin: [56_066_152, 1_161_741_440, tenViews(64.94, 85.96)],
  },
)
