import type { Op } from '../../../src/graph/node.ts'
import type { CaseTable } from '../../support/op-case.ts'
import { binaryCases } from './binary.ts'
import { convolutionCases } from './convolution.ts'
import { indexingCases } from './indexing.ts'
import { leafCases } from './leaves.ts'
import { matmulCases } from './matmul.ts'
import { movementCases } from './movement.ts'
import { poolingCases } from './pooling.ts'
import { reductionCases } from './reduction.ts'
import { unaryCases } from './unary.ts'

/** A case for every primitive: one without a case does not compile. */
export const primitiveCases: CaseTable<Op> = {
  ...leafCases,
  ...unaryCases,
  ...binaryCases,
  ...movementCases,
  ...reductionCases,
  ...indexingCases,
  ...matmulCases,
  ...convolutionCases,
  ...poolingCases,
}
