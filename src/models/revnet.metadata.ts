import type { Preprocessing } from '../transforms/index.ts'
import { inceptionStatistics, type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type RevNetName = `revnet${38 | 110 | 164}_cifar${10 | 100}` | 'revnet56' | 'revnet104'

const source = 'renmengye/revnet-public'

const cifar: Preprocessing = { inputSize: 32 }

const imagenet: Preprocessing = {
  inputSize: 224,
  cropPct: 0.875,
  interpolation: 'bilinear',
  ...inceptionStatistics,
}

const shared = {
  row: 'RevNet',
  paper: paperOf(
    'Gomez et al.',
    'The Reversible Residual Network: Backpropagation Without Storing Activations',
    2017,
    '1707.04585',
  ),
  reference: source,
} as const

const rerun = (classes: 10 | 100, top1: number) => ({
  accuracy: {
    top1,
    dataSet: `CIFAR-${classes}`,
    source: "silvandeleemput/memcnn, which ran the authors' code again",
  },
})

const note = 'the authors subtract the mean image of the data set, which `preprocessing` cannot say'

export const revnetMetadata: Readonly<Record<RevNetName, ModelMetadata>> = {
  ...metadataTable(
    { ...shared, numClasses: 10, preprocessing: cifar, note },
    {
      revnet38_cifar10: [464_890, 77_231_200, rerun(10, 93.14)],
      revnet110_cifar10: [1_729_194, 253_330_688, rerun(10, 94.02)],
      revnet164_cifar10: [1_748_778, 250_188_800, rerun(10, 94.56)],
    },
  ),
  ...metadataTable(
    { ...shared, numClasses: 100, preprocessing: cifar, note },
    {
      revnet38_cifar100: [475_060, 77_241_280, rerun(100, 71.17)],
      revnet110_cifar100: [1_740_804, 253_342_208, rerun(100, 74)],
      revnet164_cifar100: [1_794_948, 250_234_880, rerun(100, 76.39)],
    },
  ),
  ...metadataTable(
    { ...shared, numClasses: 1000, preprocessing: imagenet },
    {
      revnet56: [27_553_128, 4_450_928_640],
      revnet104: [
        45_428_072,
        7_944_783_872,
        {
          tag: 'authors_in1k',
          url: 'http://www.cs.toronto.edu/~mren/revnet/pretrained/revnet-104.tar.gz',
          format: 'tensorflow',
          naming: source,
          licence: 'not stated',
          classes: 'imagenet-1k',
          top1: 76.9,
          source,
          preprocessing: imagenet,
        },
        {
          note:
            "a file's unit_3_5/f/sub2/bn2/gamma is unit_3.5.f.sub2.bn2.weight here; the authors give the same address for " +
            'their ResNet-101',
        },
      ],
    },
  ),
}
