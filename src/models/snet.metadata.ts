import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'
import { megvii224 } from './shufflenet-megvii.metadata.ts'

export type SNetName = 'snet49' | 'snet146' | 'snet535'

const weights: WeightEntry = {
  tag: 'thundernet',
  url: 'https://github.com/qinzheng93/ThunderNet/raw/master/weights/snet146-300000.pth.tar',
  licence: 'not stated',
  classes: 'imagenet-1k',
  top1: 67.8,
  top5: 88,
  source: 'qinzheng93/ThunderNet',
  preprocessing: megvii224,
}

const note =
  "The weights are for images with channels in OpenCV's order: blue, green, red. The units are those of the public code " +
  'for SNet146 (its README counts 146M multiply-accumulates; the structure has 163M), the channels of table 1 of the paper.'

export const snetMetadata: Readonly<Record<SNetName, ModelMetadata>> = metadataTable(
  {
    row: 'SNet',
    paper: paperOf(
      'Qin et al.',
      'ThunderNet: Towards Real-time Generic Object Detection on Mobile Devices',
      2019,
      '1903.11752',
    ),
    numClasses: 1000,
    reference: 'qinzheng93/ThunderNet',
    preprocessing: megvii224,
    note,
  },
  {
    snet49: [874_584, 51_234_056],
    snet146: [1_573_512, 162_520_824, weights],
    snet535: [4_539_920, 539_883_024],
  },
)
