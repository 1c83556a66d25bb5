import { densenetPaper } from './densenet.metadata.ts'
import { cifar32, type ModelMetadata, metadataTable, pytorchcvWeights, type WeightEntry } from './metadata.ts'

export type CifarDenseNetName =
  | 'densenet40_k12_cifar10'
  | 'densenet100_k12_cifar10'
  | 'densenet100_k24_cifar10'
  | 'densenet40_k12_bc_cifar10'
  | 'densenet40_k24_bc_cifar10'
  | 'densenet40_k36_bc_cifar10'
  | 'densenet100_k12_bc_cifar10'
  | 'densenet190_k40_bc_cifar10'
  | 'densenet250_k24_bc_cifar10'

const preprocessing = { ...cifar32, mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] }

const pcv = (release: string, file: string, top1: number): WeightEntry =>
  pytorchcvWeights(release, file, top1, { preprocessing, classes: 'cifar-10' })

/** pytorchcv's plain networks halve the channels in transitions and start with twice the growth rate. */
const compressed = (growthRate: number, entry: WeightEntry): WeightEntry => ({
  ...entry,
  options: { compression: 0.5, numInitFeatures: 2 * growthRate },
})

const paperTop1 = (top1: number) => ({
  accuracy: {
    top1,
    dataSet: 'CIFAR-10 test, moved and mirrored in training',
    source: 'table 2 of the paper',
  },
})

export const cifarDensenetMetadata: Readonly<Record<CifarDenseNetName, ModelMetadata>> = metadataTable(
  {
    row: 'DenseNet',
    paper: densenetPaper,
    numClasses: 10,
    reference: 'pytorchcv',
    preprocessing,
    minInputSize: 4,
  },
  {
    densenet40_k12_cifar10: [
      1_019_722,
      264_812_928,
      compressed(12, pcv('v0.0.193', 'densenet40_k12_cifar10-0561-8b8e8194.pth.zip', 94.39)),
      paperTop1(94.76),
    ],
    densenet100_k12_cifar10: [
      6_979_642,
      1_769_516_448,
      compressed(12, pcv('v0.0.205', 'densenet100_k12_cifar10-0366-26089c6e.pth.zip', 96.34)),
      paperTop1(95.9),
    ],
    densenet100_k24_cifar10: [
      27_249_082,
      6_889_347_744,
      compressed(24, pcv('v0.0.252', 'densenet100_k24_cifar10-0313-397f0e39.pth.zip', 96.87)),
      paperTop1(96.26),
    ],
    densenet40_k12_bc_cifar10: [
      176_122,
      72_365_352,
      pcv('v0.0.231', 'densenet40_k12_bc_cifar10-0643-6dc86a2e.pth.zip', 93.57),
    ],
    densenet40_k24_bc_cifar10: [
      690_346,
      288_131_664,
      pcv('v0.0.220', 'densenet40_k24_bc_cifar10-0452-669c5255.pth.zip', 95.48),
    ],
    densenet40_k36_bc_cifar10: [
      1_542_682,
      647_298_936,
      pcv('v0.0.224', 'densenet40_k36_bc_cifar10-0404-b1a4cc7e.pth.zip', 95.96),
    ],
    densenet100_k12_bc_cifar10: [
      769_162,
      287_929_692,
      pcv('v0.0.189', 'densenet100_k12_bc_cifar10-0416-b9232829.pth.zip', 95.84),
      paperTop1(95.49),
    ],
    densenet190_k40_bc_cifar10: [
      25_624_430,
      9_301_945_740,
      pcv('v0.0.286', 'densenet190_k40_bc_cifar10-0252-2896fa08.pth.zip', 97.48),
      paperTop1(96.54),
    ],
    densenet250_k24_bc_cifar10: [
      15_324_406,
      5_418_785_724,
      pcv('v0.0.290', 'densenet250_k24_bc_cifar10-0267-f8f9d305.pth.zip', 97.33),
      paperTop1(96.38),
    ],
  },
)
