import { testInstructionSet } from '../../support/op-instruction-set.ts'
import { allCases } from '../cases/all.ts'

testInstructionSet('scalar', allCases)
