import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type LeNetName = 'lenet5' | 'lenet5_dual_c2' | 'lenet5_1998'

const digits32: Preprocessing = { inputSize: 32, channels: 1 }

/** Where 0 is the background and 1 is ink, -0.1 and 1.175. */
const digits1998: Preprocessing = { ...digits32, mean: [0.1 / 1.275], std: [1 / 1.275] }

/** A network that PyTorch exported, with its parameters under its own names. */
const onnx = (
  repository: string,
  path: string,
  bytes: number,
  more: Partial<WeightEntry> = {},
): WeightEntry => ({
  tag: 'mnist',
  url: `https://github.com/${repository}/raw/${path}`,
  format: 'onnx',
  bytes,
  licence: 'not stated',
  classes: 'digits',
  source: repository,
  preprocessing: digits32,
  ...more,
})

export const lenetMetadata: Readonly<Record<LeNetName, ModelMetadata>> = metadataTable(
  {
    row: 'LeNet',
    paper: paperOf('LeCun et al.', 'Gradient-Based Learning Applied to Document Recognition', 1998),
    numClasses: 10,
    reference: 'the paper with full connections to C3; activatedgeek/LeNet-5 for the two branches',
    preprocessing: digits32,
  },
  {
    lenet5: [
      61_706,
      416_520,
      onnx('dongkyunk/LeNet-Pytorch', '5860089/Pytorch/others/lenet.onnx', 248_462, {
        naming: "the file's own",
        options: { activation: 'tanh', pooling: 'average' },
      }),
    ],
    lenet5_dual_c2: [
      64_122,
      656_520,
      onnx('ArtificialZeng/LeNet-5-with-visualisation', '385c1d0/lenet.onnx', 258_346),
    ],
    lenet5_1998: [
      60_000,
      325_680,
      {
        reference: 'the paper',
        preprocessing: digits1998,
        note:
          "The pictures of the digits are stylized as the paper's are, pixel for pixel they are not: its figure shows them " +
          'without numbers. The counts of the layers are its own: 156, 12, 1516, 32, 48120 and 10164, and 340908 connections.',
      },
    ],
  },
)
