import { ghostNetPaper } from './ghostnet.metadata.ts'
import { imagenet224, type ModelMetadata, metadataTable } from './metadata.ts'

export type PytorchcvGhostNetName = 'ghostnet_pytorchcv'

export const pytorchcvGhostnetMetadata: Readonly<Record<PytorchcvGhostNetName, ModelMetadata>> =
  metadataTable(
    {
      row: 'GhostNet',
      paper: ghostNetPaper,
      numClasses: 1000,
      reference: 'pytorchcv',
      preprocessing: imagenet224,
    },
    { ghostnet_pytorchcv: [5_180_840, 140_760_880] },
  )
