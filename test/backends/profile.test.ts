import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Profile } from '../../src/backends/profile/record.ts'
import { formatRows, instructionRows, opRows } from '../../src/backends/profile/table.ts'
import { chromeTrace } from '../../src/backends/profile/trace.ts'
import type { Program } from '../../src/compiler/program.ts'
import { temporaryFolder } from '../support/command-line.ts'
import { nativeBackend } from '../support/native-backend.ts'

/** Two products of 1000 multiply-accumulates and a copy of 1000 numbers. */
const program: Program = {
  exactSums: false,
  slots: [0, 1, 2].map((index) => ({ kind: 'external', index, bytes: 1_000_000 })),
  instructions: [
    ...[0, 1].map(() => ({
      op: 'matmul' as const,
      ...{ batch: 1, m: 10, n: 10, k: 10, transposeA: false, transposeB: false, packedB: false },
      ...{ a: matrix(0), b: matrix(1), c: matrix(2), batchStrides: [0, 0, 0] as const, epilogue: null },
    })),
    {
      op: 'elementwise',
      dims: [1000],
      inputs: [{ slot: 0, dtype: 'float32', offset: 0, strides: [1] }],
      outputs: [{ slot: 1, dtype: 'float32', offset: 0, strides: [1] }],
      results: [0],
      code: [],
      registers: 1,
    },
  ],
  arenaBytes: 0,
  externals: 3,
}

function matrix(slot: number): { slot: number; offset: number; stride: number } {
  return { slot, offset: 0, stride: 10 }
}

function twoRuns(): Profile {
  const profile = new Profile()
  profile.keepsRuns = true
  const recorded = profile.add(program)
  for (const start of [5000, 9000]) {
    recorded.add(Float64Array.of(start, 1000, start + 1000, 500, start + 1500, 400), 0.003)
  }
  return profile
}

describe('a profile', () => {
  const limits = { gflops: 4, gigabytes: 40 }

  it('has the time, the speed and the share of the binding limit of each instruction', () => {
    const [recorded] = twoRuns().programs
    expect([recorded!.runs, recorded!.milliseconds, recorded!.instructionMilliseconds]).toEqual([
      2, 0.006, 0.0038,
    ])
    const rows = instructionRows(recorded!.instructions, 2, limits)
    expect(rows.map(({ number, milliseconds }) => [number, milliseconds])).toEqual([
      [0, 0.001],
      [1, 0.0005],
      [2, 0.0004],
    ])
    expect(rows[0]).toMatchObject({ gflops: 2, gigabytes: 1.2, ofLimit: 0.5, boundBy: 'compute' })
    expect(rows[2]).toMatchObject({ gflops: 0, gigabytes: 20, ofLimit: 0.5, boundBy: 'memory' })
    expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
    expect(formatRows(rows, 1).split('\n')).toEqual([
      '#     ms  fastest   share  GFLOP/s  GB/s      of limit  instruction',
      '0  0.001    0.001  52.6 %      2.0   1.2  50 % compute  matmul 10x10 by 10x10',
      'and 2 more',
    ])
  })

  it('knows the fastest run of each instruction', () => {
    const [recorded] = twoRuns().programs
    recorded!.add(Float64Array.of(0, 600, 600, 800, 1400, 400), 0.003)
    const rows = opRows(recorded!.instructions, 3, null)
    expect(rows.map(({ fastestMilliseconds }) => fastestMilliseconds)).toEqual([0.0011, 0.0004])
  })

  it('groups instructions of one kind', () => {
    const rows = opRows(twoRuns().programs[0]!.instructions, 2, limits)
    expect(rows.map(({ op, count, milliseconds }) => [op, count, milliseconds])).toEqual([
      ['matmul', 2, 0.0015],
      ['elementwise', 1, 0.0004],
    ])
    expect(rows[0]!.ofLimit).toBeCloseTo(2 / 3)
    expect(opRows(twoRuns().programs[0]!.instructions, 2, null)[0]).toMatchObject({
      ofLimit: null,
      boundBy: null,
    })
  })

  it('becomes a Chrome trace', () => {
    const { traceEvents } = JSON.parse(chromeTrace(twoRuns()))
    const spans = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')
    expect(
      spans.map(({ name, ts, dur }: { name: string; ts: number; dur: number }) => [name, ts, dur]),
    ).toEqual([
      ['program 1', 0, 1.9],
      ['matmul', 0, 1],
      ['matmul', 1, 0.5],
      ['elementwise', 1.5, 0.4],
      ['program 1', 4, 1.9],
      ['matmul', 4, 1],
      ['matmul', 5, 0.5],
      ['elementwise', 5.5, 0.4],
    ])
    expect(spans[1].args).toMatchObject({ description: '10x10 by 10x10', 'GFLOP/s': 2, 'GB/s': 1.2 })
  })

  it('forgets what it is told to forget', () => {
    const profile = twoRuns()
    profile.clear()
    const [recorded] = profile.programs
    expect([recorded!.runs, recorded!.instructionMilliseconds, recorded!.kept]).toEqual([0, 0, []])
  })

  it('leaves runs out of a trace that would grow too large, and counts them', () => {
    const profile = new Profile()
    profile.keepsRuns = true
    const recorded = profile.add(program)
    for (let run = 0; run < 70_000; run++) recorded.add(recorded.times(), 0)
    expect(recorded.kept.length * 3 + profile.leftOut).toBe(210_000)
    expect(recorded.kept.length).toBe(66_666)
  })
})

describe.skipIf((await nativeBackend()) === undefined)('OCELLI_PROFILE', () => {
  const folder = temporaryFolder()
  const entry = new URL('../../dist/index.js', import.meta.url).href
  const script = `
  const { rand } = await import(${JSON.stringify(entry)})
  const x = rand([64, 64])
  for (let i = 0; i < 3; i++) await x.matmul(x).relu().sum().item()`
  const nodeArguments = ['--no-warnings', '--input-type=module', '-e', script]
  const run = (setting: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, nodeArguments, {
      cwd: folder,
      env: { ...process.env, OCELLI_BACKEND: 'native', OCELLI_PROFILE: setting },
      encoding: 'utf8',
      timeout: 30_000,
    })

  it('shows a table when the process ends', () => {
    const { status, stdout, stderr } = run('1')
    expect([status, stdout]).toEqual([0, ''])
    expect(stderr).toMatch(/ocelli profile: \d programs?, .* limits \d+ GFLOP\/s/)
    expect(stderr).toMatch(/program 1: 3 runs of .* ms/)
    expect(stderr).toMatch(/matmul 64x64 by 64x64\n/)
  })

  it('writes a trace when the process ends', () => {
    const { status, stderr } = run('trace.json')
    expect([status, stderr]).toEqual([0, expect.stringContaining('trace.json is a trace')])
    const { traceEvents } = JSON.parse(readFileSync(join(folder, 'trace.json'), 'utf8'))
    const products = traceEvents.filter(({ name }: { name: string }) => name === 'matmul')
    expect(products).toHaveLength(3)
    expect(products[0].args.macs).toBe(64 ** 3)
  })

  it('says so where the trace cannot be written, and refuses other settings', () => {
    expect(run('absent/trace.json').stderr).toMatch(/absent\/trace.json cannot be written/)
    expect(run('yes').stderr).toMatch(/OCELLI_PROFILE is 'yes'; it must be/)
    const quiet = { ...process.env, OCELLI_PROFILE: '0' }
    expect(execFileSync(process.execPath, nodeArguments, { env: quiet, encoding: 'utf8' })).toBe('')
  })
})
