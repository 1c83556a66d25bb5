import { testOps } from '../support/op-suite.ts'
import { binaryCases } from './cases/binary.ts'

testOps(binaryCases)
