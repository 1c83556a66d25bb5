import { testOps } from '../support/op-suite.ts'
import { unaryCases } from './cases/unary.ts'

testOps(unaryCases)
