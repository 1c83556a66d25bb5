import { testOps } from '../support/op-suite.ts'
import { arithmeticCases } from './cases/arithmetic.ts'

testOps(arithmeticCases)
