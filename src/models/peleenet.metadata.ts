import { imagenet224, type ModelMetadata, metadataTable, paperOf, pytorchcvWeights } from './metadata.ts'

export const peleenetMetadata: Readonly<Record<'peleenet', ModelMetadata>> = metadataTable(
  {
    row: 'PeleeNet',
    paper: paperOf(
      'Wang et al.',
      'Pelee: A Real-Time Object Detection System on Mobile Devices',
      2018,
      '1804.06882',
    ),
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
    minInputSize: 31,
  },
  {
    peleenet: [
      2_802_248,
      507_757_568,
      {
        accuracy: {
          top1: 72.6,
          source: 'README of Robert-JunWang/PeleeNet; its published weights reach 72.08',
        },
      },
      pytorchcvWeights('v0.0.496', 'peleenet-1004-5107a95d.pth.zip', 70.59),
      {
        tag: 'authors_in1k',
        url: 'https://github.com/Robert-JunWang/PeleeNet/raw/05e928adb7387d54b48373583ee4430a28966599/weights/peleenet_acc7208.pth.tar',
        naming: 'Robert-JunWang/PeleeNet',
        options: { stemOrder: 'poolFirst', dropRate: 0.05 },
        licence: 'Apache-2.0',
        classes: 'imagenet-1k',
        top1: 72.08,
        source: 'Robert-JunWang/PeleeNet: in the name of the file',
        preprocessing: imagenet224,
      },
    ],
  },
)
