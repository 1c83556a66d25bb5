import { imagenet224, type ModelMetadata, metadataTable, paperOf, torchvisionWeights } from './metadata.ts'

export const mobilenetV2Metadata: Readonly<Record<'mobilenet_v2', ModelMetadata>> = metadataTable(
  {
    row: 'MobileNetV2',
    paper: paperOf(
      'Sandler et al.',
      'MobileNetV2: Inverted Residuals and Linear Bottlenecks',
      2018,
      '1801.04381',
    ),
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
  },
  {
    mobilenet_v2: [
      3_504_872,
      300_774_272,
      torchvisionWeights('mobilenet_v2-7ebf99e0.pth', 72.154, 90.822, 'tv2_in1k', 232),
      torchvisionWeights('mobilenet_v2-b0353104.pth', 71.878, 90.286),
    ],
  },
)
