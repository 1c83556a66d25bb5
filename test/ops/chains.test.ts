import { testOps } from '../support/op-suite.ts'
import { chainCases } from './cases/chains.ts'

testOps(chainCases)
