import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ProfileRow } from '../../src/backends/profile/table.ts'
import { ocelli, temporaryFolder } from '../support/command-line.ts'
import { nativeBackend } from '../support/native-backend.ts'

const cwd = temporaryFolder()

interface Facts {
  readonly limits: { readonly gflops: number; readonly gigabytes: number }
  readonly input: readonly number[]
  readonly milliseconds: number
  readonly inInstructions: number
  readonly rows: readonly ProfileRow[]
}

async function json(...args: string[]): Promise<Facts> {
  const { code, stdout, stderr } = await ocelli(['profile', ...args, '--json'], { cwd })
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Facts
}

describe.skipIf((await nativeBackend()) === undefined)('ocelli profile', () => {
  it('has every instruction of a prediction, as JSON and as a trace', async () => {
    const facts = await json('lenet5', '--runs', '2', '--trace', 'trace.json')
    const { limits, input, milliseconds, inInstructions, rows } = facts
    expect(input).toEqual([1, 1, 32, 32])
    expect(limits.gflops).toBeGreaterThan(1)
    expect(limits.gigabytes).toBeGreaterThan(0.1)
    expect(rows.map(({ op }) => op).filter((op) => op === 'matmul')).toHaveLength(3)
    expect(rows.reduce((sum, { macs }) => sum + macs, 0)).toBe(416_520)
    expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
    for (const row of rows) expect(row.ofLimit).toBeGreaterThan(0)
    expect(inInstructions).toBeLessThanOrEqual(milliseconds)
    const { traceEvents } = JSON.parse(readFileSync(join(cwd, 'trace.json'), 'utf8'))
    const count = (name: string): number =>
      traceEvents.filter((event: { name: string; ph: string }) => event.ph === 'X' && event.name === name)
        .length
    expect([count('matmul'), count('conv2d')]).toEqual([6, 4])
  })

  it('groups the instructions of a training step', async () => {
    const { input, rows } = await json('lenet5', '--train', '--batch', '4', '--runs', '2', '--by', 'op')
    expect(input).toEqual([4, 1, 32, 32])
    const ops = rows.map(({ op }) => op)
    expect(new Set(ops).size).toBe(ops.length)
    expect(ops).toEqual(expect.arrayContaining(['conv2d', 'conv2dInputGrad', 'conv2dWeightGrad', 'matmul']))
  })

  it('prints a table with totals', async () => {
    const { code, stdout } = await ocelli(['profile', 'lenet5', '--runs', '2', '--top', '3'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^lenet5, prediction, input 1x1x32x32; 2 runs; limits \d+ GFLOP\/s/)
    expect(stdout).toMatch(/ GFLOP\/s +GB\/s +of limit +instruction\n(.*\n){3}and \d+ more\n/)
    expect(stdout).toMatch(/in instructions +[\d.]+ ms, .*\nwith compile\(\) .*\ntraced each time .*\n$/)
  })

  it.each([
    [[], 2, /takes one network/],
    [['resnet-18'], 2, /resnet18/],
    [['lenet5', '--by', 'layer'], 2, /--by is one of instruction, op/],
    [['lenet5', '--input-size', '7'], 1, /lenet5 does not take an input of 1x1x7x7/],
    [['lenet5', '--trace', 'absent/trace.json', '--runs', '1'], 1, /absent/],
  ])('%j is an error with a reason', async (args, wanted, message) => {
    const { code, stdout, stderr } = await ocelli(['profile', ...args], { cwd })
    expect([code, stdout]).toEqual([wanted, ''])
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^ +at /m)
  })
})

it('ocelli profile says where there is nothing to profile', async () => {
  const settings = { cwd, env: { OCELLI_BACKEND: 'reference' } }
  const { code, stderr } = await ocelli(['profile', 'lenet5', '--runs', '1'], settings)
  expect(code).toBe(1)
  expect(stderr).toMatch(/no instructions to time/)
})
