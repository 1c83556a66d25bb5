import { testWasm } from '../../support/op-wasm.ts'
import { enableRelaxedSimd } from '../../support/wasm-backend.ts'
import { allCases } from '../cases/all.ts'

if (enableRelaxedSimd()) testWasm({ instructionSet: 'wasm-relaxed', threads: 1, trials: 12 }, allCases)
testWasm({ instructionSet: 'wasm', workers: false, trials: 12 }, allCases)
