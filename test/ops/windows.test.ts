import { testOps } from '../support/op-suite.ts'
import { windowCases } from './cases/windows.ts'

testOps(windowCases)
