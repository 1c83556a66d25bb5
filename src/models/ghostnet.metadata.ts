import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  timm224,
  timmWeights,
} from './metadata.ts'

export type GhostNetName = 'ghostnet' | 'ghostnet_050' | 'ghostnet_100' | 'ghostnet_130'

export const ghostNetPaper: Paper = paperOf(
  'Han et al.',
  'GhostNet: More Features from Cheap Operations',
  2019,
  '1911.11907',
)

const source = 'huawei-noah/ghostnet'

export const ghostnetMetadata: Readonly<Record<GhostNetName, ModelMetadata>> = metadataTable(
  {
    row: 'GhostNet',
    paper: ghostNetPaper,
    numClasses: 1000,
    reference: 'timm',
    preprocessing: timm224,
  },
  {
    ghostnet: [
      5_182_508,
      141_150_512,
      { reference: source, preprocessing: imagenet224 },
      {
        tag: 'noah_in1k',
        url: 'https://github.com/huawei-noah/ghostnet/raw/master/ghostnet_pytorch/models/state_dict_73.98.pth',
        licence: 'Apache-2.0',
        classes: 'imagenet-1k',
        top1: 73.98,
        source,
        preprocessing: imagenet224,
      },
    ],
    ghostnet_050: [2_587_292, 42_328_152, { accuracy: { top1: 66.2, source: 'the paper' } }],
    ghostnet_100: [5_182_508, 141_150_512, timmWeights('ghostnet_100', 'in1k', 73.958)],
    ghostnet_130: [7_358_820, 227_003_256, { accuracy: { top1: 75.7, source: 'the paper' } }],
  },
)
