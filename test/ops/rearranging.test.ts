import { testOps } from '../support/op-suite.ts'
import { rearrangingCases } from './cases/rearranging.ts'

testOps(rearrangingCases)
