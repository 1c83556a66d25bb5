import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type McKernelName = 'mckernel_mnist_e1' | 'mckernel_mnist_e3'

const digits28: Preprocessing = { inputSize: 28, channels: 1 }

export const mckernelMetadata: Readonly<Record<McKernelName, ModelMetadata>> = metadataTable(
  {
    row: 'McKernel',
    paper: paperOf(
      'Curtó et al.',
      'McKernel: A Library for Approximate Kernel Expansions in Log-linear Time',
      2017,
      '1702.08159',
    ),
    numClasses: 10,
    reference: 'curto2/mckernel',
    preprocessing: digits28,
    minInputSize: 28,
    note:
      "Counts are those of the linear classifier; the transforms are additions. The authors' permutations are the identity " +
      'by a slip of types and the radii of their Matérn kernel take the 1 / (n E)-th power of a uniform number; here ' +
      'permutations are random and the power is the 1 / n-th, which makes vectors uniform in the ball as the paper says.',
  },
  {
    mckernel_mnist_e1: [20_490, 20_480],
    mckernel_mnist_e3: [61_450, 61_440],
  },
)
