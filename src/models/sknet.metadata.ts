import { imagenet224, type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type SKNetName = 'sknet26' | 'sknet50' | 'sknet101' | 'sknet152'

export const sknetMetadata: Readonly<Record<SKNetName, ModelMetadata>> = metadataTable(
  {
    row: 'SKNet',
    paper: paperOf('Li et al.', 'Selective Kernel Networks', 2019, '1903.06586'),
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
  },
  {
    sknet26: [16_746_408, 2_586_877_952, { accuracy: { top1: 77.26, source: 'the paper' } }],
    sknet50: [27_479_784, 4_462_710_784, { accuracy: { top1: 79.21, source: 'implus/SKNet' } }],
    sknet101: [48_736_040, 8_448_724_992, { accuracy: { top1: 79.81, source: 'implus/SKNet' } }],
    sknet152: [66_295_656, 12_434_640_896],
  },
)
