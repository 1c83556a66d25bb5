import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { formats } from '../../src/weights/formats.ts'
import { sharedPath } from '../support/shared.ts'

const script = resolve(import.meta.dirname, '../../scripts/fuzz.mjs')
const folder = sharedPath('assets/weights')

interface Result {
  readonly opened: number
  readonly refused: number
  readonly failures: readonly unknown[]
}

describe.skipIf(folder === undefined)('damaged copies of real files', () => {
  it.each(Object.keys(formats))(
    'of %s are opened or refused with a clear error, within bounded time and memory',
    async (format) => {
      const args = [script, '--format', format, '--mutations', '10000', '--folder', folder!, '--json']
      const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 }).catch(
        (error: { stdout: string }) => error,
      )
      const [result] = JSON.parse(stdout) as [Result]
      expect(result.failures).toEqual([])
      expect(result.opened + result.refused).toBe(10000)
      // Damage that no reader noticed would be no test of them.
      expect(result.refused).toBeGreaterThan(1000)
    },
    600_000,
  )
})
