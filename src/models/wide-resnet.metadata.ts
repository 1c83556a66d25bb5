import type { Preprocessing } from '../transforms/index.ts'
import {
  cifar32,
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
} from './metadata.ts'

export type WideResNetName =
  | 'wrn28_10_cifar10'
  | 'wrn28_10_cifar100'
  | 'wrn16_8_cifar10'
  | 'wrn16_8_cifar100'
  | 'wrn40_4_cifar10'
  | 'wrn40_4_cifar100'
  | 'wrn16_10_cifar10'
  | 'wrn16_10_cifar100'
  | 'wrn40_8_cifar10'
  | 'wrn40_8_cifar100'
  | 'wrn22_8_cifar10'
  | 'wrn16_4_cifar10'
  | 'wrn40_10_cifar10'
  | 'wrn50_2'

/** As pytorchcv normalises CIFAR's images. */
const cifar: Preprocessing = {
  ...cifar32,
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
}

export const wideResnetMetadata: Readonly<Record<WideResNetName, ModelMetadata>> = metadataTable(
  {
    row: 'WideResNet',
    paper: paperOf('Zagoruyko and Komodakis', 'Wide Residual Networks', 2016, '1605.07146'),
    numClasses: 10,
    reference: 'pytorchcv',
    preprocessing: cifar,
  },
  {
    wrn28_10_cifar10: [
      36_479_194,
      5_243_328_768,
      pytorchcvWeights('v0.0.166', 'wrn28_10_cifar10-0239-fe97dcd6.pth.zip', 97.61, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    wrn28_10_cifar100: [
      36_536_884,
      5_243_386_368,
      pytorchcvWeights('v0.0.320', 'wrn28_10_cifar100-1788-8c3fe818.pth.zip', 82.12, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    wrn16_8_cifar10: [10_961_370, 1_548_145_664],
    wrn16_8_cifar100: [11_007_540, 1_548_191_744, { numClasses: 100 }],
    wrn40_4_cifar10: [8_949_210, 1_298_582_016],
    wrn40_4_cifar100: [8_972_340, 1_298_605_056, { numClasses: 100 }],
    wrn16_10_cifar10: [
      17_116_634,
      2_412_173_568,
      pytorchcvWeights('v0.0.166', 'wrn16_10_cifar10-0293-ce810d8a.pth.zip', 97.07, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    wrn16_10_cifar100: [
      17_174_324,
      2_412_231_168,
      pytorchcvWeights('v0.0.204', 'wrn16_10_cifar100-1895-bef9809c.pth.zip', 81.05, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    wrn40_8_cifar10: [
      35_748_314,
      5_172_024_320,
      pytorchcvWeights('v0.0.166', 'wrn40_8_cifar10-0237-8dc84ec7.pth.zip', 97.63, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    wrn40_8_cifar100: [
      35_794_484,
      5_172_070_400,
      pytorchcvWeights('v0.0.321', 'wrn40_8_cifar100-1803-0d18bfbf.pth.zip', 81.97, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    wrn22_8_cifar10: [17_158_106, 2_454_115_328],
    wrn16_4_cifar10: [2_748_890, 392_612_352],
    wrn40_10_cifar10: [55_841_754, 8_074_483_968],
    wrn50_2: [
      68_849_128,
      11_398_021_120,
      pytorchcvWeights('v0.0.520', 'wrn50_2-0626-1e67b96c.pth.zip', 77.75),
      { preprocessing: imagenet224, numClasses: 1000 },
    ],
  },
)
