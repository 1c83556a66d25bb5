import { describe, expect, test } from 'vitest'
import { loadAddon } from '../../src/backends/native/addon.ts'
import { createReferenceBackend } from '../../src/backends/reference/index.ts'
import { nativeBackend } from './native-backend.ts'
import type { CaseTable } from './op-case.ts'
import { compareBackends } from './op-compare.ts'

/** Compares an instruction set with the reference; a process runs only one, so this is for a test file of its own. */
export function testInstructionSet(name: string, cases: CaseTable): void {
  const addon = loadAddon()
  const here = 'instructionSets' in addon && addon.instructionSets().includes(name)
  if (!here)
    console.warn(`skipped: the instruction set ${name} is not in this build, or not of this processor`)
  describe.skipIf(!here)(`on ${name}, as the reference`, async () => {
    process.env.OCELLI_ISA = name
    const native = here ? await nativeBackend() : undefined
    const reference = createReferenceBackend()
    test('runs', () => {
      expect(native!.info.instructionSet).toBe(name)
    })
    test.each(Object.entries(cases))('%s', (name, opCase) =>
      compareBackends(name, opCase, native!, reference, { trials: 48, firstSeed: 1001 }),
    )
  })
}
