import { testOps } from '../support/op-suite.ts'
import { activationCases } from './cases/activation.ts'

testOps(activationCases)
