import { imagenet224, type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export const chexnetMetadata: Readonly<Record<'chexnet_densenet121', ModelMetadata>> = metadataTable(
  {
    row: 'CheXNet',
    paper: paperOf(
      'Rajpurkar et al.',
      'CheXNet: Radiologist-Level Pneumonia Detection on Chest X-Rays with Deep Learning',
      2017,
      '1711.05225',
    ),
    numClasses: 14,
    reference: 'arnoweng/CheXNet after torchvision',
    preprocessing: imagenet224,
    minInputSize: 29,
    note:
      "Accuracy is reported as the mean area under the ROC curve of the findings: 0.841 in the paper, 0.847 of the re-implementation's improved network, " +
      'over ten crops of each image.',
  },
  {
    chexnet_densenet121: [
      6_968_206,
      2_833_152_000,
      {
        tag: 'arnoweng_chestxray14',
        url: 'https://github.com/arnoweng/CheXNet/raw/3d45ee77e2cfe6ec81bf1b87e2ed4e3fc10af6c1/model.pth.tar',
        licence: 'not stated',
        classes: 'chestx-ray14',
        source: 'arnoweng/CheXNet',
        preprocessing: imagenet224,
      },
    ],
  },
)
