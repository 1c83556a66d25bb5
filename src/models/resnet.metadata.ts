import {
  cifar32,
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  torchvisionWeights as tv,
} from './metadata.ts'

export type ResNetName =
  | 'resnet18'
  | 'resnet34'
  | 'resnet50'
  | 'resnet101'
  | 'resnet152'
  | 'resnet50_v1'
  | 'resnet101_v1'
  | 'resnet152_v1'
  | 'resnet50_32'
  | 'resnext50_32x4d'
  | 'resnext101_32x4d'
  | 'resnext101_32x8d'
  | 'resnext101_64x4d'
  | 'resnext152_32x4d'
  | 'wide_resnet50_2'
  | 'wide_resnet101_2'

const v2 = (file: string, top1: number, top5: number) => tv(file, top1, top5, 'tv2_in1k', 232)

const shared = { numClasses: 1000, reference: 'torchvision', preprocessing: imagenet224 } as const

export const resnetMetadata: Readonly<Record<ResNetName, ModelMetadata>> = {
  ...metadataTable(
    {
      ...shared,
      row: 'ResNet',
      paper: paperOf('He et al.', 'Deep Residual Learning for Image Recognition', 2015, '1512.03385'),
    },
    {
      resnet18: [11_689_512, 1_814_073_344, tv('resnet18-f37072fd.pth', 69.758, 89.078)],
      resnet34: [21_797_672, 3_663_761_408, tv('resnet34-b627a593.pth', 73.314, 91.42)],
      resnet50: [
        25_557_032,
        4_089_184_256,
        v2('resnet50-11ad3fa6.pth', 80.858, 95.434),
        tv('resnet50-0676ba61.pth', 76.13, 92.862),
      ],
      resnet101: [
        44_549_160,
        7_801_405_440,
        v2('resnet101-cd907fc2.pth', 81.886, 95.78),
        tv('resnet101-63fe2227.pth', 77.374, 93.546),
      ],
      resnet152: [
        60_192_808,
        11_513_626_624,
        v2('resnet152-f82ba261.pth', 82.284, 96.002),
        tv('resnet152-394f9c45.pth', 78.312, 94.046),
      ],
      resnet50_v1: [25_557_032, 3_857_973_248],
      resnet101_v1: [44_549_160, 7_570_194_432],
      resnet152_v1: [60_192_808, 11_282_415_616],
      resnet50_32: [
        38_100_042,
        1_863_340_736,
        {
          numClasses: 10,
          preprocessing: cifar32,
          minInputSize: 7,
          reference: 'own definition',
          note: 'The form of ResNet-50 for images of 32x32 pixels that courses teach; it has no published figures.',
        },
      ],
    },
  ),
  ...metadataTable(
    {
      ...shared,
      row: 'ResNeXt',
      paper: paperOf(
        'Xie et al.',
        'Aggregated Residual Transformations for Deep Neural Networks',
        2016,
        '1611.05431',
      ),
    },
    {
      resnext50_32x4d: [
        25_028_904,
        4_230_479_872,
        v2('resnext50_32x4d-1a0047aa.pth', 81.198, 95.34),
        tv('resnext50_32x4d-7cdf4587.pth', 77.618, 93.698),
      ],
      resnext101_32x4d: [44_177_704, 7_969_996_800],
      resnext101_32x8d: [
        88_791_336,
        16_414_015_488,
        v2('resnext101_32x8d-110c445d.pth', 82.834, 96.228),
        tv('resnext101_32x8d-8ba56ff5.pth', 79.312, 94.526),
      ],
      resnext101_64x4d: [83_455_272, 15_460_270_080, v2('resnext101_64x4d-173b62eb.pth', 83.246, 96.454)],
      resnext152_32x4d: [59_951_400, 11_709_513_728],
    },
  ),
  ...metadataTable(
    {
      ...shared,
      row: 'WideResNet',
      paper: paperOf('Zagoruyko and Komodakis', 'Wide Residual Networks', 2016, '1605.07146'),
    },
    {
      wide_resnet50_2: [
        68_883_240,
        11_398_021_120,
        v2('wide_resnet50_2-9ba9bcbe.pth', 81.602, 95.758),
        tv('wide_resnet50_2-95faca4d.pth', 78.468, 94.086),
      ],
      wide_resnet101_2: [
        126_886_696,
        22_753_050_624,
        v2('wide_resnet101_2-d733dc28.pth', 82.51, 96.02),
        tv('wide_resnet101_2-32ee1156.pth', 78.848, 94.284),
      ],
    },
  ),
}
