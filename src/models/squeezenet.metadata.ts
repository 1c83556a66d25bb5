import { imagenet224, type ModelMetadata, metadataTable, paperOf, torchvisionWeights } from './metadata.ts'

export type SqueezeNetName = 'squeezenet1_0' | 'squeezenet1_1'

export const squeezenetMetadata: Readonly<Record<SqueezeNetName, ModelMetadata>> = metadataTable(
  {
    row: 'SqueezeNet',
    paper: paperOf(
      'Iandola et al.',
      'SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size',
      2016,
      '1602.07360',
    ),
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
  },
  {
    squeezenet1_0: [1_248_424, 818_924_576, torchvisionWeights('squeezenet1_0-b66bff10.pth', 58.092, 80.42)],
    squeezenet1_1: [1_235_496, 349_151_936, torchvisionWeights('squeezenet1_1-b8a52dc0.pth', 58.178, 80.624)],
  },
)
