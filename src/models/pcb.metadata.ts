import { imagenetMean, imagenetStd, type Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

const upright = (width: number, interpolation: 'bilinear' | 'bicubic'): Preprocessing => ({
  inputSize: [384, width],
  resize: [384, width],
  interpolation,
  mean: imagenetMean,
  std: imagenetStd,
})

const rank1 = (top1: number, source: string) => ({
  accuracy: { top1, dataSet: 'Market-1501, rank 1 of the retrieval', source },
})

const authors = 'syfafterzy/PCB_RPP_for_reID'

export const pcbMetadata: Readonly<
  Record<'pcb_resnet50' | 'pcb_rpp_resnet50' | 'pcb_resnet50_layumi', ModelMetadata>
> = metadataTable(
  {
    row: 'PCB',
    paper: paperOf(
      'Sun et al.',
      'Beyond Part Models: Person Retrieval with Refined Part Pooling (and A Strong Convolutional Baseline)',
      2017,
      '1711.09349',
    ),
    numClasses: 751,
    reference: authors,
    preprocessing: upright(128, 'bilinear'),
  },
  {
    pcb_resnet50: [25_190_874, 6_084_205_056, { minInputSize: [81, 32] }, rank1(93, authors)],
    pcb_rpp_resnet50: [25_192_416, 6_084_499_968, rank1(93.5, authors)],
    pcb_resnet50_layumi: [
      27_816_410,
      9_124_157_952,
      { reference: 'layumi/Person_reID_baseline_pytorch', preprocessing: upright(192, 'bicubic') },
      rank1(92.64, 'layumi/Person_reID_baseline_pytorch'),
    ],
  },
)
