import { imagenet224, type ModelMetadata, metadataTable, pytorchcvWeights } from './metadata.ts'
import { mobilenetV3Paper } from './mobilenet-v3.metadata.ts'

export type PytorchcvMobileNetV3Name = 'mobilenetv3_large_w1' | 'mobilenetv3_small_w1'

export const pytorchcvMobilenetV3Metadata: Readonly<Record<PytorchcvMobileNetV3Name, ModelMetadata>> =
  metadataTable(
    {
      row: 'MobileNetV3',
      paper: mobilenetV3Paper,
      numClasses: 1000,
      reference: 'pytorchcv',
      preprocessing: imagenet224,
    },
    {
      mobilenetv3_large_w1: [
        5_481_752,
        216_589_760,
        pytorchcvWeights('v0.0.491', 'mobilenetv3_large_w1-0744-b59cae6d.pth.zip', 75.45),
      ],
      mobilenetv3_small_w1: [2_945_288, 56_913_856],
    },
  )
