import { imagenet224, type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type ScaleNetName = 'scalenet50_light' | 'scalenet50' | 'scalenet101' | 'scalenet152'

const source = 'Eli-YiLi/ScaleNet'

const baidu = (top1: number): WeightEntry => ({
  tag: 'authors_in1k',
  url: 'https://pan.baidu.com/s/1NOjFWzkAVmMNkZh6jIcMzA',
  licence: 'not stated',
  classes: 'imagenet-1k',
  top1,
  source,
  preprocessing: imagenet224,
})

// Where a branch shrinks the last stage's map to a seventh, that map must have seven pixels a side.
const small = { minInputSize: 125 } as const
const large = { minInputSize: 221 } as const

export const scalenetMetadata: Readonly<Record<ScaleNetName, ModelMetadata>> = metadataTable(
  {
    row: 'ScaleNet',
    paper: paperOf(
      'Li et al.',
      'Data-Driven Neuron Allocation for Scale Aggregation Networks',
      2019,
      '1904.09460',
    ),
    numClasses: 1000,
    reference: source,
    preprocessing: imagenet224,
    note: "the authors' repository has no evaluation code; the usual one for ImageNet is taken",
  },
  {
    scalenet50_light: [23_631_912, 2_861_475_840, baidu(77.2), large],
    scalenet50: [31_483_618, 3_818_372_352, baidu(77.98), small],
    scalenet101: [54_792_390, 7_511_097_600, baidu(79.18), large],
    scalenet152: [77_220_070, 11_211_951_616, baidu(79.94), small],
  },
)
