import { testOps } from '../support/op-suite.ts'
import { normalizationCases } from './cases/normalization.ts'

testOps(normalizationCases)
