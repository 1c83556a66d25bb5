import type { Preprocessing } from '../transforms/index.ts'
import {
  cifar32,
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
} from './metadata.ts'

export type PyramidNetName =
  | 'pyramidnet110_a48_cifar10'
  | 'pyramidnet110_a48_cifar100'
  | 'pyramidnet110_a84_cifar10'
  | 'pyramidnet110_a84_cifar100'
  | 'pyramidnet110_a270_cifar10'
  | 'pyramidnet110_a270_cifar100'
  | 'pyramidnet164_a48_bn_cifar10'
  | 'pyramidnet164_a48_bn_cifar100'
  | 'pyramidnet164_a84_bn_cifar10'
  | 'pyramidnet164_a84_bn_cifar100'
  | 'pyramidnet164_a270_bn_cifar10'
  | 'pyramidnet164_a270_bn_cifar100'
  | 'pyramidnet200_a240_bn_cifar10'
  | 'pyramidnet200_a240_bn_cifar100'
  | 'pyramidnet236_a220_bn_cifar10'
  | 'pyramidnet236_a220_bn_cifar100'
  | 'pyramidnet272_a200_bn_cifar10'
  | 'pyramidnet272_a200_bn_cifar100'
  | 'pyramidnet110_mul_a4.75_cifar10'
  | 'pyramidnet110_mul_a4.75_cifar100'
  | 'pyramidnet110_mul_a8_cifar10'
  | 'pyramidnet110_mul_a8_cifar100'
  | 'pyramidnet110_mul_a27_cifar10'
  | 'pyramidnet110_mul_a27_cifar100'
  | 'pyramidnet101_a360'
  | 'pyramidnet200_a300'
  | 'pyramidnet200_a450'

/** As pytorchcv normalises CIFAR's images. */
const cifar: Preprocessing = {
  ...cifar32,
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
}

export const pyramidnetMetadata: Readonly<Record<PyramidNetName, ModelMetadata>> = metadataTable(
  {
    row: 'PyramidNet',
    paper: paperOf('Han et al.', 'Deep Pyramidal Residual Networks', 2016, '1610.02915'),
    numClasses: 10,
    reference: 'pytorchcv',
    preprocessing: cifar,
  },
  {
    pyramidnet110_a48_cifar10: [
      1_772_706,
      403_813_504,
      pytorchcvWeights('v0.0.184', 'pyramidnet110_a48_cifar10-0372-eb185645.pth.zip', 96.28, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    pyramidnet110_a48_cifar100: [
      1_778_556,
      403_819_264,
      pytorchcvWeights('v0.0.186', 'pyramidnet110_a48_cifar100-2095-95da1a20.pth.zip', 79.05, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    pyramidnet110_a84_cifar10: [
      3_904_446,
      772_168_168,
      pytorchcvWeights('v0.0.185', 'pyramidnet110_a84_cifar10-0298-7b835a3c.pth.zip', 97.02, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    pyramidnet110_a84_cifar100: [
      3_913_536,
      772_177_168,
      pytorchcvWeights('v0.0.199', 'pyramidnet110_a84_cifar100-1887-ff711084.pth.zip', 81.13, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    pyramidnet110_a270_cifar10: [
      28_485_477,
      4_717_983_724,
      pytorchcvWeights('v0.0.194', 'pyramidnet110_a270_cifar10-0251-31bdd9d5.pth.zip', 97.49, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    pyramidnet110_a270_cifar100: [
      28_511_307,
      4_718_009_464,
      pytorchcvWeights('v0.0.319', 'pyramidnet110_a270_cifar100-1710-7417dd99.pth.zip', 82.9, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    pyramidnet164_a48_bn_cifar10: [
      1_715_442,
      388_433_920,
      { accuracy: { top1: 95.79, dataSet: 'CIFAR-10', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet164_a48_bn_cifar100: [
      1_738_572,
      388_456_960,
      { numClasses: 100, accuracy: { top1: 80.48, dataSet: 'CIFAR-100', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet164_a84_bn_cifar10: [
      3_757_494,
      745_302_688,
      { accuracy: { top1: 96.04, dataSet: 'CIFAR-10', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet164_a84_bn_cifar100: [
      3_793_584,
      745_338_688,
      { numClasses: 100, accuracy: { top1: 81.68, dataSet: 'CIFAR-100', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet164_a270_bn_cifar10: [
      27_216_021,
      4_569_837_040,
      pytorchcvWeights('v0.0.264', 'pyramidnet164_a270_bn_cifar10-0242-daa2a402.pth.zip', 97.58, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    pyramidnet164_a270_bn_cifar100: [
      27_319_071,
      4_569_940_000,
      pytorchcvWeights('v0.0.312', 'pyramidnet164_a270_bn_cifar100-1670-54d99c83.pth.zip', 83.3, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    pyramidnet200_a240_bn_cifar10: [
      26_752_702,
      4_519_606_016,
      pytorchcvWeights('v0.0.268', 'pyramidnet200_a240_bn_cifar10-0244-44433afd.pth.zip', 97.56, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    pyramidnet200_a240_bn_cifar100: [
      26_844_952,
      4_519_698_176,
      pytorchcvWeights('v0.0.317', 'pyramidnet200_a240_bn_cifar100-1609-087c02d6.pth.zip', 83.91, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    pyramidnet236_a220_bn_cifar10: [
      26_969_046,
      4_582_673_952,
      pytorchcvWeights('v0.0.285', 'pyramidnet236_a220_bn_cifar10-0247-daa91d74.pth.zip', 97.53, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    pyramidnet236_a220_bn_cifar100: [
      27_054_096,
      4_582_758_912,
      pytorchcvWeights('v0.0.312', 'pyramidnet236_a220_bn_cifar100-1634-a45816eb.pth.zip', 83.66, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    pyramidnet272_a200_bn_cifar10: [
      26_210_842,
      4_488_778_176,
      pytorchcvWeights('v0.0.284', 'pyramidnet272_a200_bn_cifar10-0239-586b1ecd.pth.zip', 97.61, {
        preprocessing: cifar,
        classes: 'cifar-10',
      }),
    ],
    pyramidnet272_a200_bn_cifar100: [
      26_288_692,
      4_488_855_936,
      pytorchcvWeights('v0.0.312', 'pyramidnet272_a200_bn_cifar100-1619-98bc2f48.pth.zip', 83.81, {
        preprocessing: cifar,
        classes: 'cifar-100',
      }),
      { numClasses: 100 },
    ],
    'pyramidnet110_mul_a4.75_cifar10': [
      1_762_206,
      333_659_128,
      { accuracy: { top1: 95.38, dataSet: 'CIFAR-10', source: 'jhkim89/PyramidNet' } },
    ],
    'pyramidnet110_mul_a4.75_cifar100': [
      1_769_136,
      333_665_968,
      { numClasses: 100, accuracy: { top1: 76.84, dataSet: 'CIFAR-100', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet110_mul_a8_cifar10: [
      3_876_547,
      564_216_896,
      { accuracy: { top1: 95.5, dataSet: 'CIFAR-10', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet110_mul_a8_cifar100: [
      3_888_157,
      564_228_416,
      { numClasses: 100, accuracy: { top1: 79.06, dataSet: 'CIFAR-100', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet110_mul_a27_cifar10: [
      28_361_693,
      2_646_677_664,
      { accuracy: { top1: 95.94, dataSet: 'CIFAR-10', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet110_mul_a27_cifar100: [
      28_400_663,
      2_646_716_544,
      { numClasses: 100, accuracy: { top1: 81.21, dataSet: 'CIFAR-100', source: 'jhkim89/PyramidNet' } },
    ],
    pyramidnet101_a360: [
      42_455_070,
      8_696_707_045,
      pytorchcvWeights('v0.0.507', 'pyramidnet101_a360-0543-7f1747f8.pth.zip', 79.47),
      { preprocessing: imagenet224, numClasses: 1000 },
    ],
    pyramidnet200_a300: [
      62_368_168,
      16_550_501_282,
      {
        preprocessing: imagenet224,
        numClasses: 1000,
        accuracy: { top1: 79.53, source: 'jhkim89/PyramidNet' },
      },
    ],
    pyramidnet200_a450: [
      116_775_213,
      29_196_815_629,
      {
        preprocessing: imagenet224,
        numClasses: 1000,
        accuracy: { top1: 79.89, source: 'jhkim89/PyramidNet' },
      },
    ],
  },
)
