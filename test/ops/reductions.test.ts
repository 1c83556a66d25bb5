import { testOps } from '../support/op-suite.ts'
import { reductionMethodCases } from './cases/reductions.ts'

testOps(reductionMethodCases)
