import { testOps } from '../support/op-suite.ts'
import { resizingCases } from './cases/resizing.ts'

testOps(resizingCases)
