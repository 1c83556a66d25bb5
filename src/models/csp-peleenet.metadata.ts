import { cspPaper } from './csp-densenet.metadata.ts'
import { imagenet224, type ModelMetadata, metadataTable } from './metadata.ts'

export const cspPeleenetMetadata: Readonly<Record<'csppeleenet', ModelMetadata>> = metadataTable(
  {
    row: 'CSPPeleeNet',
    paper: cspPaper,
    numClasses: 1000,
    reference: 'tomotana14/CSPPeleeNet.pytorch',
    preprocessing: imagenet224,
    minInputSize: 31,
    note:
      'The authors published neither code nor widths of their network of 2.83 M parameters and 0.888 GFLOPs (70.9 % of ' +
      'ImageNet right). With poolFirst, this one has 2.84 M, not counting normalisation, and 0.892.',
  },
  {
    csppeleenet: [
      2_856_488,
      561_746_944,
      {
        tag: 'tomotana14_in1k',
        url: 'https://github.com/tomotana14/CSPPeleeNet.pytorch/raw/e7506fe3c74b57ed670646de52f2a9eebcc46175/weights/csppeleenet.pth',
        licence: 'not stated',
        classes: 'imagenet-1k',
        top1: 73.07,
        top5: 91.11,
        source: 'tomotana14/CSPPeleeNet.pytorch',
        preprocessing: imagenet224,
      },
    ],
  },
)
