import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkCase, readGolden } from '../../scripts/golden.mjs'
import * as models from '../../src/models/index.ts'
import * as tensors from '../../src/tensor/index.ts'
import { sharedPath } from '../support/shared.ts'

interface GoldenCase {
  readonly case: string
  readonly name: string
  readonly macs: number
}

const ocelli = { ...models, ...tensors }
let native = false

beforeAll(async () => {
  native = (await tensors.getBackend()).info.name !== 'reference'
})

const own = join(import.meta.dirname, 'golden')
const files = [
  ...['models.json', 'authors-a.json', 'authors-b.json'].map(
    (file) => [file, sharedPath('golden', file)] as const,
  ),
  ...readdirSync(own)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, join(own, file)] as const),
]

describe.each(files)('golden results of %s', (_, path) => {
  if (path === undefined) {
    it.skip('the file is absent', () => {})
    return
  }
  const { salt, cases } = readGolden(path) as { salt: string; cases: GoldenCase[] }
  const known = cases.filter((golden) => models.hasModel(golden.name))
  if (known.length === 0) it.skip('none of its networks is in the registry yet', () => {})
  for (const golden of known) {
    it(golden.case, { timeout: 300_000 }, async ({ skip }) => {
      // Minutes each on the reference backend, which the small networks check.
      if (!native && golden.macs > 50e6) skip('only on a fast backend')
      const { failures } = await checkCase(ocelli, golden, salt)
      expect(failures).toEqual([])
    })
  }
})
