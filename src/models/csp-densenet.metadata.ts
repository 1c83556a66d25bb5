import { imagenet224, type ModelMetadata, metadataTable, type Paper, paperOf } from './metadata.ts'

export type CSPDenseNetName =
  | 'cspdensenet121'
  | 'cspdensenet169'
  | 'cspdensenet201'
  | 'cspdensenet264'
  | 'cspdensenet201_elastic'

export const cspPaper: Paper = paperOf(
  'Wang et al.',
  'CSPNet: A New Backbone that can Enhance Learning Capability of CNN',
  2019,
  '1911.11929',
)

const shared = {
  paper: cspPaper,
  numClasses: 1000,
  reference: "the paper's figure over torchvision's DenseNet",
  preprocessing: imagenet224,
  minInputSize: 29,
  note:
    'The authors published neither code nor widths. Here the second half of the channels goes through the layers and a ' +
    'transition that keeps their number, and the usual transition follows the concatenation. ',
} as const

export const cspDensenetMetadata: Readonly<Record<CSPDenseNetName, ModelMetadata>> = {
  ...metadataTable(
    { ...shared, row: 'CSPDenseNet' },
    {
      cspdensenet121: [8_570_408, 3_078_217_728],
      cspdensenet169: [15_551_656, 3_702_043_648],
      cspdensenet201: [22_420_904, 4_856_749_056],
      cspdensenet264: [38_010_024, 6_679_909_376],
    },
  ),
  ...metadataTable(
    { ...shared, row: 'CSPDenseNet-Elastic' },
    {
      cspdensenet201_elastic: [
        21_259_544,
        5_196_206_272,
        {
          note: `${shared.note}The authors' network has 20.17 M parameters and 7.13 GFLOPs, and 77.9 % of ImageNet right.`,
        },
      ],
    },
  ),
}
