import { testOps } from '../support/op-suite.ts'
import { reductionMethodCases } from './cases/reduction-methods.ts'

testOps(reductionMethodCases)
