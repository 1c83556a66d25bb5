import { testOps } from '../support/op-suite.ts'
import { leafCases } from './cases/leaves.ts'

testOps(leafCases)
