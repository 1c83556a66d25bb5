import { testOps } from '../support/op-suite.ts'
import { convolutionCases, convolutionKinds } from './cases/convolution.ts'

testOps({ ...convolutionCases, ...convolutionKinds })
