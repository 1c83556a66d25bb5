import { imagenet224, type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

const source = 'guoruoqian/DetNet_pytorch'

export const detnetMetadata: Readonly<Record<'detnet59', ModelMetadata>> = metadataTable(
  {
    row: 'DetNet',
    paper: paperOf('Li et al.', 'DetNet: A Backbone network for Object Detection', 2018, '1804.06215'),
    numClasses: 1000,
    reference: source,
    preprocessing: imagenet224,
  },
  {
    detnet59: [
      18_372_648,
      5_000_159_232,
      {
        tag: 'guoruoqian_in1k',
        url: 'https://www.dropbox.com/home/DetNet?preview=detnet59.pth',
        licence: 'not stated',
        classes: 'imagenet-1k',
        top1: 76.2,
        source,
        preprocessing: imagenet224,
      },
      { note: 'the paper gives 4.8 G operations and an error of 23.5 %' },
    ],
  },
)
