import { cifar32, type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'
import { fileIdentity } from './weight-files.ts'

export type CifarResNetName =
  | 'resnet20_cifar10'
  | 'resnet32_cifar10'
  | 'resnet44_cifar10'
  | 'resnet56_cifar10'
  | 'resnet110_cifar10'
  | 'resnet1202_cifar10'

function akamaster(file: string, top1: number): WeightEntry {
  return {
    tag: 'akamaster_cifar10',
    url: `https://github.com/akamaster/pytorch_resnet_cifar10/raw/d5489e8/pretrained_models/${file}`,
    ...fileIdentity(file),
    licence: 'BSD-2-Clause',
    classes: 'cifar-10',
    top1,
    source: 'akamaster/pytorch_resnet_cifar10',
    preprocessing: cifar32,
  }
}

export const cifarResnetMetadata: Readonly<Record<CifarResNetName, ModelMetadata>> = metadataTable(
  {
    row: 'ResNet',
    paper: paperOf('He et al.', 'Deep Residual Learning for Image Recognition', 2015, '1512.03385'),
    numClasses: 10,
    reference: 'akamaster/pytorch_resnet_cifar10',
    preprocessing: cifar32,
  },
  {
    resnet20_cifar10: [269_722, 40_551_040, akamaster('resnet20-12fca82f.th', 91.73)],
    resnet32_cifar10: [464_154, 68_862_592, akamaster('resnet32-d509ac18.th', 92.63)],
    resnet44_cifar10: [658_586, 97_174_144, akamaster('resnet44-014dd654.th', 93.1)],
    resnet56_cifar10: [853_018, 125_485_696, akamaster('resnet56-4bfd9763.th', 93.39)],
    resnet110_cifar10: [1_727_962, 252_887_680, akamaster('resnet110-1d1ed7c2.th', 93.68)],
    resnet1202_cifar10: [19_421_274, 2_829_238_912, akamaster('resnet1202-f3b1deed.th', 93.82)],
  },
)
