import { imagenet224, type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type PReLUNetName = 'prelunet_a' | 'prelunet_b' | 'prelunet_c'

const tenViews = (top1: number, top5: number) =>
  ({ accuracy: { top1, top5, source: 'the paper, ten views' } }) as const

export const prelunetMetadata: Readonly<Record<PReLUNetName, ModelMetadata>> = metadataTable(
  {
    row: 'PReLU-Net',
    paper: paperOf(
      'He et al.',
      'Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification',
      2015,
      '1502.01852',
    ),
    numClasses: 1000,
    reference: 'the paper',
    preprocessing: imagenet224,
    note:
      "The paper prints 1.90, 2.32 and 5.30 times 1e10 operations for A, B and C; C's layers make 5.35, under one percent " +
      'more, and no reading of its table comes nearer. The authors subtract the mean of each pixel, which was not published.',
  },
  {
    prelunet_a: [178_032_072, 19_058_106_368, tenViews(74.41, 91.77)],
    prelunet_b: [183_343_048, 23_219_904_512, tenViews(74.47, 91.87)],
    prelunet_c: [330_623_944, 53_463_130_112, tenViews(75.73, 92.62)],
  },
)
