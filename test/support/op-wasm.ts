import { describe, expect, test } from 'vitest'
import { createReferenceBackend } from '../../src/backends/reference/index.ts'
import type { WasmOptions } from '../../src/backends/wasm/backend.ts'
import type { CaseTable } from './op-case.ts'
import { compareBackends } from './op-compare.ts'
import { wasmBackend } from './wasm-backend.ts'

/** Compares a form of the WASM backend with the reference. */
export function testWasm(options: WasmOptions & { readonly trials: number }, cases: CaseTable): void {
  const { trials, instructionSet = 'wasm', threads = 1, workers = true } = options
  const where = workers ? `${threads} threads` : 'no workers'
  describe(`on ${instructionSet} with ${where}, as the reference`, async () => {
    const wasm = await wasmBackend(options)
    const reference = createReferenceBackend()
    test('runs', () => {
      expect(wasm.info).toMatchObject({ instructionSet, threads: workers ? threads : 1 })
    })
    test.each(Object.entries(cases))('%s', (name, opCase) =>
      compareBackends(name, opCase, wasm, reference, { trials, firstSeed: 2001 }),
    )
  })
}
