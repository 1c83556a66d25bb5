import { testOps } from '../support/op-suite.ts'
import { reductionCases } from './cases/reduction.ts'

testOps(reductionCases)
