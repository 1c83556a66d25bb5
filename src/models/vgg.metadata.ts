import { imagenet224, type ModelMetadata, metadataTable, paperOf, torchvisionWeights } from './metadata.ts'

export type VggName =
  | 'vgg11'
  | 'vgg11_bn'
  | 'vgg13'
  | 'vgg13_bn'
  | 'vgg16'
  | 'vgg16_bn'
  | 'vgg16_c'
  | 'vgg19'
  | 'vgg19_bn'

export const vggMetadata: Readonly<Record<VggName, ModelMetadata>> = metadataTable(
  {
    row: 'VGG',
    paper: paperOf(
      'Simonyan and Zisserman',
      'Very Deep Convolutional Networks for Large-Scale Image Recognition',
      2014,
      '1409.1556',
    ),
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
  },
  {
    vgg11: [132_863_336, 7_609_090_048, torchvisionWeights('vgg11-8a719046.pth', 69.02, 88.628)],
    vgg11_bn: [132_868_840, 7_609_090_048, torchvisionWeights('vgg11_bn-6002323d.pth', 70.37, 89.81)],
    vgg13: [133_047_848, 11_308_466_176, torchvisionWeights('vgg13-19584684.pth', 69.928, 89.246)],
    vgg13_bn: [133_053_736, 11_308_466_176, torchvisionWeights('vgg13_bn-abd245e5.pth', 71.586, 90.374)],
    vgg16: [138_357_544, 15_470_264_320, torchvisionWeights('vgg16-397923af.pth', 71.592, 90.382)],
    vgg16_bn: [138_365_992, 15_470_264_320, torchvisionWeights('vgg16_bn-6c64b313.pth', 73.36, 91.516)],
    vgg16_c: [133_638_952, 11_770_888_192],
    vgg19: [143_667_240, 19_632_062_464, torchvisionWeights('vgg19-dcbb9e9d.pth', 72.376, 90.876)],
    vgg19_bn: [143_678_248, 19_632_062_464, torchvisionWeights('vgg19_bn-c79401a0.pth', 74.218, 91.842)],
  },
)
