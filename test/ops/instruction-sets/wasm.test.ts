import { testWasm } from '../../support/op-wasm.ts'
import { allCases } from '../cases/all.ts'

testWasm({ instructionSet: 'wasm', threads: 2, trials: 40 }, allCases)
