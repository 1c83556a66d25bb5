import { describe, test } from 'vitest'
import { createReferenceBackend } from '../../src/backends/reference/index.ts'
import { nativeBackend } from './native-backend.ts'
import type { CaseTable } from './op-case.ts'
import { compareBackends } from './op-compare.ts'
import { checkGradient } from './op-gradient.ts'

const native = await nativeBackend()
const reference = createReferenceBackend()

/** The tests of cases: native code against the reference, gradients against central differences. */
export function testOps(cases: CaseTable): void {
  const entries = Object.entries(cases)
  describe(`on ${native?.info.instructionSet ?? 'no native code'}, as the reference`, () => {
    test.skipIf(native === undefined).each(entries)('%s', (name, opCase) =>
      compareBackends(name, opCase, native!, reference, { trials: 200 }),
    )
  })
  const differentiable = entries.filter(([, { gradient }]) => gradient)
  describe.skipIf(differentiable.length === 0)('gradients', () => {
    test.each(differentiable)('%s', async (name, opCase) => {
      await checkGradient(name, opCase, reference, { trials: 6, order: 1 })
      await checkGradient(name, opCase, reference, { trials: 2, order: 2 })
    })
  })
}
