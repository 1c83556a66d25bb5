import { testOps } from '../support/op-suite.ts'
import { poolingCases } from './cases/pooling.ts'

testOps(poolingCases)
