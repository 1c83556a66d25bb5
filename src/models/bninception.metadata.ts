import { imagenet224, type ModelMetadata, metadataTable, paperOf, pytorchcvWeights } from './metadata.ts'

export type BnInceptionName = 'bninception'

export const bnInceptionMetadata: Readonly<Record<BnInceptionName, ModelMetadata>> = metadataTable(
  {
    row: 'Inception V2',
    paper: paperOf(
      'Ioffe and Szegedy',
      'Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift',
      2015,
      '1502.03167',
    ),
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
  },
  {
    bninception: [
      11_295_240,
      2_032_600_064,
      pytorchcvWeights('v0.0.405', 'bninception-0774-d79ba5f5.pth.zip', 74.63),
      {
        tag: 'cadene',
        url: 'http://data.lip6.fr/cadene/pretrainedmodels/bn_inception-52deb4733.pth',
        sha256Prefix: '52deb473',
        naming: "Caffe's (conv1_7x7_s2 … last_linear)",
        licence: 'not stated',
        classes: 'imagenet-1k',
        top1: 73.524,
        source: 'Cadene/pretrained-models.pytorch',
        // Raw values less the mean of each channel.
        preprocessing: {
          inputSize: 224,
          cropPct: 0.875,
          interpolation: 'bilinear',
          channelOrder: 'bgr',
          mean: [104, 117, 128],
          std: [1, 1, 1],
          range: 255,
        },
      },
    ],
  },
)
