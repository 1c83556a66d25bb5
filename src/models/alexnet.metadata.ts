import { imagenet224, type ModelMetadata, metadataTable, paperOf, torchvisionWeights } from './metadata.ts'

const shared = { row: 'AlexNet', numClasses: 1000 } as const

export const alexnetMetadata: Readonly<Record<'alexnet' | 'alexnet_2012', ModelMetadata>> = {
  ...metadataTable(
    {
      ...shared,
      paper: paperOf(
        'Krizhevsky',
        'One weird trick for parallelizing convolutional neural networks',
        2014,
        '1404.5997',
      ),
      reference: 'torchvision',
      preprocessing: imagenet224,
      minInputSize: 63,
    },
    { alexnet: [61_100_840, 714_188_480, torchvisionWeights('alexnet-owt-7be5be79.pth', 56.522, 79.066)] },
  ),
  ...metadataTable(
    {
      ...shared,
      paper: paperOf(
        'Krizhevsky et al.',
        'ImageNet Classification with Deep Convolutional Neural Networks',
        2012,
      ),
      minInputSize: 227,
      reference: 'the paper',
      preprocessing: { ...imagenet224, inputSize: 227 },
    },
    { alexnet_2012: [60_965_224, 724_406_816] },
  ),
}
