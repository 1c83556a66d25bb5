import type { CaseTable } from '../../support/op-case.ts'
import { activationCases } from './activation.ts'
import { arithmeticCases } from './arithmetic.ts'
import { chainCases } from './chains.ts'
import { convolutionKinds } from './convolution.ts'
import { lossCases } from './loss.ts'
import { normalizationCases } from './normalization.ts'
import { primitiveCases } from './primitives.ts'
import { productCases } from './products.ts'
import { rearrangingCases } from './rearranging.ts'
import { reductionMethodCases } from './reduction-methods.ts'
import { resizingCases } from './resizing.ts'
import { windowCases } from './windows.ts'

/** Every primitive, and the ops composed of them. */
export const allCases: CaseTable = {
  ...primitiveCases,
  ...convolutionKinds,
  ...chainCases,
  ...activationCases,
  ...arithmeticCases,
  ...reductionMethodCases,
  ...rearrangingCases,
  ...productCases,
  ...windowCases,
  ...normalizationCases,
  ...resizingCases,
  ...lossCases,
}
