import { testOps } from '../support/op-suite.ts'
import { indexingCases } from './cases/indexing.ts'

testOps(indexingCases)
