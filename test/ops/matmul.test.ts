import { testOps } from '../support/op-suite.ts'
import { matmulCases } from './cases/matmul.ts'

testOps(matmulCases)
