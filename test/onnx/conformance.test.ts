import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { operatorFamilies, unsupportedReasons } from '../../src/onnx/index.ts'
import { sharedPath } from '../support/shared.ts'

const suite = sharedPath('assets', 'onnx-node-tests')
const script = resolve(import.meta.dirname, '../../scripts/onnx-conformance.mjs')

interface Result {
  readonly name: string
  readonly result: 'pass' | 'fail' | 'unsupported' | 'excluded'
  readonly operators?: readonly string[]
  readonly why?: string
}

/** Kinds of supported operators that are refused, by the message, with the number of cases of the suite. */
const refusals: readonly (readonly [RegExp, number])[] = [
  [/^(Cast|CastLike|QuantizeLinear) .*not supported: to FLOAT8/, 13],
  [/^the type of /, 57],
  [/^GridSample .*sampling of volumes/, 2],
  [/^(AffineGrid|Col2Im) .*(grids of volumes|images of 3 dimensions)/, 2],
  [/^ConvTranspose .*3-D convolutions/, 1],
  [/^ScatterND .*reduction (max|min)/, 2],
]

function conformance(...args: string[]) {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 })
}

describe.skipIf(suite === undefined)('the conformance suite of ONNX', () => {
  it('passes in every case whose operators are supported, and says why for the others', () => {
    const { stdout, status, stderr } = conformance(suite!, '--json')
    const { totals, results } = JSON.parse(stdout) as { totals: Record<string, number>; results: Result[] }
    expect(results.filter(({ result }) => result === 'fail')).toEqual([])
    expect([status, stderr]).toEqual([0, ''])
    const missing = results.flatMap(({ operators = [] }) => operators)
    const unexplained = missing.filter(
      (name) => !name.startsWith('ai.onnx.') && !unsupportedReasons.has(name),
    )
    expect(unexplained).toEqual([])
    const refused = results.filter(
      ({ result, operators }) => result === 'unsupported' && operators === undefined,
    )
    const counts = refusals.map(([pattern]) => refused.filter(({ why }) => pattern.test(why!)).length)
    expect(counts).toEqual(refusals.map(([, count]) => count))
    expect(refused.length).toBe(counts.reduce((a, b) => a + b, 0))
    expect(totals).toMatchObject({ pass: 657, fail: 0, excluded: 8 })
  }, 300_000)
})

describe('the runner', () => {
  it('fails where nothing is checked', () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-cases-'))
    try {
      expect(conformance(folder).status).toBe(1)
      writeFileSync(join(folder, 'model.onnx'), Uint8Array.of(8, 9, 58, 200))
      const { status, stdout } = conformance(folder)
      expect([status, stdout]).toEqual([1, expect.stringMatching(/^fail .*model\.onnx: byte 3: /)])
      expect(conformance().status).toBe(2)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the table of operators', () => {
  it('names nothing twice, and nothing as unsupported that is supported', () => {
    const supported = Object.values(operatorFamilies).flatMap((family) => Object.keys(family))
    expect(new Set(supported).size).toBe(supported.length)
    expect(supported.filter((name) => unsupportedReasons.has(name))).toEqual([])
  })
})
