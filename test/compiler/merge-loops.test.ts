import { describe, expect, it } from 'vitest'
import { mergeLoops } from '../../src/compiler/merge-loops.ts'
import type { Instruction } from '../../src/compiler/program.ts'
import { add, at, loop, matmul, type Of, relu } from '../support/instructions.ts'

const ops = (instructions: readonly Instruction[]): string[] => instructions.map(({ op }) => op)

describe('a loop that reads what an earlier one writes', () => {
  it('becomes part of it', () => {
    const merged = mergeLoops([
      loop([8], [at(0), at(1)], at(2), [add(2, 0, 1)]),
      loop([8], [at(2), at(1)], at(3), [relu(2, 0), add(3, 2, 1)]),
    ])
    expect(ops(merged)).toEqual(['elementwise'])
    const [one] = merged as [Of<'elementwise'>]
    expect(one.inputs.map(({ slot }) => slot)).toEqual([0, 1])
    expect(one.outputs.map(({ slot }) => slot)).toEqual([2, 3])
    expect(one.code.map(({ op }) => op)).toEqual(['add', 'relu', 'add'])
    expect(new Set(one.results).size).toBe(2)
  })

  it('of a chain become one', () => {
    const chain = [1, 2, 3].map((slot) => loop([8], [at(slot - 1)], at(slot), [relu(1, 0)]))
    expect(ops(mergeLoops(chain))).toEqual(['elementwise'])
  })

  it.each<[string, readonly Instruction[]]>([
    [
      'over other dimensions',
      [loop([8], [at(0)], at(1), [relu(1, 0)]), loop([2, 4], [at(1, [4, 1])], at(2, [4, 1]))],
    ],
    [
      'in another order',
      [loop([8], [at(0)], at(1), [relu(1, 0)]), loop([8], [at(1, [-1], { offset: 7 })], at(2))],
    ],
    [
      'and something written between the two',
      [
        loop([16], [at(0)], at(1), [relu(1, 0)]),
        matmul(4, 5, 3, [4, 4, 4]),
        loop([16], [at(1), at(3)], at(2), [add(2, 0, 1)]),
      ],
    ],
  ])('%s stays apart', (_, instructions) => {
    expect(mergeLoops(instructions)).toEqual(instructions)
  })

  it('stays apart where it writes over what was written since', () => {
    const instructions = [
      loop([8], [at(0)], at(1), [relu(1, 0)]),
      loop([8], [at(3)], at(2)),
      loop([4], [at(1)], at(2)),
    ]
    expect(ops(mergeLoops(instructions))).toEqual(['elementwise', 'elementwise', 'elementwise'])
  })
})

it('loops that read nothing of each other stay apart', () => {
  const instructions = [loop([8], [at(0)], at(1), [relu(1, 0)]), loop([8], [at(0)], at(2), [relu(1, 0)])]
  expect(mergeLoops(instructions)).toEqual(instructions)
})

describe('reductions', () => {
  const sum = (
    inputs: readonly number[],
    output: number,
    part: Partial<Of<'reduce'>> = {},
  ): Of<'reduce'> => ({
    op: 'reduce',
    kind: 'sum',
    dims: [6, 4],
    reduced: [true, false],
    inputs: inputs.map((slot) => at(slot, [4, 1])),
    outputs: [at(output, [0, 1])],
    results: [inputs.length - 1],
    scales: [1],
    code: [],
    registers: inputs.length,
    type: 'f32',
    ...part,
  })

  it('of the same values become one', () => {
    const product = sum([0, 1], 3, { code: [add(2, 0, 1)], results: [2], registers: 3, scales: [0.5] })
    const merged = mergeLoops([sum([0], 2), product])
    expect(ops(merged)).toEqual(['reduce'])
    const [one] = merged as [Of<'reduce'>]
    expect(one.inputs.map(({ slot }) => slot)).toEqual([0, 1])
    expect(one.outputs.map(({ slot }) => slot)).toEqual([2, 3])
    expect([one.results.length, one.scales]).toEqual([2, [1, 0.5]])
  })

  it.each<[string, readonly Instruction[]]>([
    ['of other values', [sum([0], 2), sum([1], 3)]],
    ['of another kind', [sum([0], 2), sum([0], 3, { kind: 'max' })]],
    [
      'over other dimensions',
      [sum([0], 2), sum([0], 3, { reduced: [false, true], outputs: [at(3, [1, 0])] })],
    ],
    ['of what is written in between', [sum([0], 2), matmul(4, 5, 1, [6, 4, 4]), sum([0, 1], 3)]],
  ])('%s stay apart', (_, instructions) => {
    expect(mergeLoops(instructions)).toEqual(instructions)
  })
})
