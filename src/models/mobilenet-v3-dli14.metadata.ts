import { imagenet224, type ModelMetadata, metadataTable, type WeightEntry } from './metadata.ts'
import { mobilenetV3Paper } from './mobilenet-v3.metadata.ts'

export type Dli14MobileNetV3Name = 'mobilenetv3_large' | 'mobilenetv3_small'

const weights = (file: string, top1: number, top5: number, widthMult?: number): WeightEntry => ({
  tag: widthMult === undefined ? 'dli14_in1k' : `dli14_${widthMult}_in1k`,
  url: `https://github.com/d-li14/mobilenetv3.pytorch/raw/master/pretrained/${file}`,
  ...(widthMult !== undefined && { options: { widthMult } }),
  licence: 'MIT',
  classes: 'imagenet-1k',
  top1,
  top5,
  source: 'd-li14/mobilenetv3.pytorch',
  preprocessing: imagenet224,
})

export const dli14MobilenetV3Metadata: Readonly<Record<Dli14MobileNetV3Name, ModelMetadata>> = metadataTable(
  {
    row: 'MobileNetV3',
    paper: mobilenetV3Paper,
    numClasses: 1000,
    reference: 'd-li14/mobilenetv3.pytorch',
    preprocessing: imagenet224,
  },
  {
    mobilenetv3_large: [
      5_483_032,
      216_589_760,
      weights('mobilenetv3-large-1cd25616.pth', 74.28, 91.928),
      weights('mobilenetv3-large-0.75-9632d2a8.pth', 72.842, 90.846, 0.75),
    ],
    mobilenetv3_small: [
      2_542_856,
      56_510_400,
      weights('mobilenetv3-small-55df8e1f.pth', 67.214, 87.304),
      weights('mobilenetv3-small-0.75-86c972c3.pth', 64.876, 85.498, 0.75),
    ],
  },
)
