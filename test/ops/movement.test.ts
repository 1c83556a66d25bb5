import { testOps } from '../support/op-suite.ts'
import { movementCases } from './cases/movement.ts'

testOps(movementCases)
