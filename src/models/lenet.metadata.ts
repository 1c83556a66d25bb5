import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

const digits32: Preprocessing = { inputSize: 32, channels: 1 }

export const lenetMetadata: Readonly<Record<'lenet5' | 'lenet5_dual_c2', ModelMetadata>> = metadataTable(
  {
    row: 'LeNet',
    paper: paperOf('LeCun et al.', 'Gradient-Based Learning Applied to Document Recognition', 1998),
    numClasses: 10,
    reference: 'the paper with full connections to C3; activatedgeek/LeNet-5 for the two branches',
    preprocessing: digits32,
  },
  {
    lenet5: [61_706, 416_520],
    lenet5_dual_c2: [64_122, 656_520],
  },
)
