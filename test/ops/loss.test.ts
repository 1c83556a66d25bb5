import { testOps } from '../support/op-suite.ts'
import { lossCases } from './cases/loss.ts'

testOps(lossCases)
