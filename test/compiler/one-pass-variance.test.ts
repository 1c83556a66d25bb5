import { describe, expect, it } from 'vitest'
import { onePassVariance } from '../../src/compiler/one-pass-variance.ts'
import type { Instruction, MicroOp } from '../../src/compiler/program.ts'
import { at, inner, type Of } from '../support/instructions.ts'

const [pixels, channels] = [8192, 16]
const buffers = [4 * pixels * channels, 4 * channels, 4 * channels].map(inner)
const step = (op: 'sub' | 'mul', out: number, a: number, b: number): MicroOp => ({
  op,
  type: 'f32',
  out,
  a,
  b,
})

function sum(rows: number, part: Partial<Of<'reduce'>>): Of<'reduce'> {
  return {
    op: 'reduce',
    kind: 'sum',
    dims: [rows, channels],
    reduced: [true, false],
    inputs: [at(0, [channels, 1])],
    outputs: [at(1, [0, 1])],
    results: [0],
    scales: [1 / rows],
    code: [],
    registers: 1,
    type: 'f32',
    ...part,
  }
}

const variance = (rows: number, part: Partial<Of<'reduce'>> = {}): Of<'reduce'> =>
  sum(rows, {
    inputs: [at(0, [channels, 1]), at(1, [0, 1])],
    outputs: [at(2, [0, 1])],
    results: [2],
    code: [step('sub', 2, 0, 1), step('mul', 2, 2, 2)],
    registers: 3,
    ...part,
  })

describe('a mean and the variance about it', () => {
  it('read their values once, beside a sample of them', () => {
    const { instructions, buffers: all } = onePassVariance(buffers, [sum(pixels, {}), variance(pixels)])
    expect(instructions.map(({ op }) => op)).toEqual(['reduce', 'reduce', 'elementwise'])
    const [sample, sums, results] = instructions as [Of<'reduce'>, Of<'reduce'>, Of<'elementwise'>]
    expect([sample.dims, sample.inputs[0]!.strides]).toEqual([
      [pixels / 32, channels],
      [32 * channels, 1],
    ])
    expect(sample.scales[0]).toBeCloseTo(32 / pixels, 12)
    expect(sums.inputs.map(({ slot }) => slot)).toEqual([0, sample.outputs[0]!.slot])
    expect(sums.outputs).toHaveLength(2)
    expect(results.outputs.map(({ slot }) => slot)).toEqual([1, 2])
    expect(all).toHaveLength(buffers.length + 3)
  })

  it('of contiguous values sample the first of each line', () => {
    const along = { dims: [channels, pixels], reduced: [false, true] }
    const [sample] = onePassVariance(buffers, [
      sum(pixels, { ...along, inputs: [at(0, [pixels, 1])], outputs: [at(1, [1, 0])] }),
      variance(pixels, {
        ...along,
        inputs: [at(0, [pixels, 1]), at(1, [1, 0])],
        outputs: [at(2, [1, 0])],
      }),
    ]).instructions as [Of<'reduce'>]
    expect([sample.dims, sample.inputs[0]!.strides]).toEqual([
      [channels, pixels / 32],
      [pixels, 1],
    ])
  })

  it.each<[string, readonly Instruction[]]>([
    ['few values', [sum(64, {}), variance(64)]],
    ['another scale', [sum(pixels, { scales: [1] }), variance(pixels)]],
    [
      'other values than those of the mean',
      [sum(pixels, {}), variance(pixels, { inputs: [at(3, [channels, 1]), at(1, [0, 1])] })],
    ],
    [
      'a product of something else',
      [sum(pixels, {}), variance(pixels, { code: [step('sub', 2, 0, 1), step('mul', 2, 2, 0)] })],
    ],
  ])('stay apart: %s', (_, instructions) => {
    expect(onePassVariance(buffers, instructions).instructions).toEqual(instructions)
  })
})
