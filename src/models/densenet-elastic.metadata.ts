import { imagenet224, type ModelMetadata, metadataTable } from './metadata.ts'
import { elasticPaper, elasticWeights } from './resnext-elastic.metadata.ts'

export type ElasticDenseNetName = 'densenet201_elastic'

export const elasticDensenetMetadata: Readonly<Record<ElasticDenseNetName, ModelMetadata>> = metadataTable(
  {
    row: 'DenseNet-Elastic',
    paper: elasticPaper,
    numClasses: 1000,
    reference: 'allenai/elastic',
    preprocessing: imagenet224,
    minInputSize: 29,
  },
  {
    densenet201_elastic: [19_482_824, 4_266_065_536, elasticWeights('densenet201_elastic', 77.9)],
  },
)
