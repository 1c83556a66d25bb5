import { describe, expect, it } from 'vitest'
import type { Instruction } from '../../src/compiler/program.ts'
import { schedule } from '../../src/compiler/schedule.ts'
import { add, at, inner, input, loop, matmul, type Of, output, relu } from '../support/instructions.ts'

/** Input 0, its new value in place 1, another result 2. */
const buffers = [input(32, 0), output(32, 0, 0), output(32, 1)]
const written = (instructions: readonly Instruction[]): number[] =>
  instructions.map((instruction) => (instruction as Of<'elementwise'>).outputs[0]!.slot)

describe('schedule', () => {
  it('keeps the order that was given where nothing speaks against it', () => {
    const instructions = [loop([8], [at(0)], at(2), [relu(1, 0)]), loop([8], [at(0)], at(1), [relu(1, 0)])]
    expect(schedule(buffers, instructions)).toEqual({ buffers, instructions })
  })

  it('has an input that is overwritten in place read by all others first', () => {
    const instructions = [loop([8], [at(0)], at(1), [relu(1, 0)]), loop([8], [at(0)], at(2), [relu(1, 0)])]
    expect(written(schedule(buffers, instructions).instructions)).toEqual([2, 1])
  })

  it('makes the new value beside the old one where the writer reads elsewhere in it', () => {
    const reversed = loop([8], [at(0, [-1], { offset: 7 })], at(1), [relu(1, 0)])
    const result = schedule(buffers, [reversed])
    expect(result.buffers).toHaveLength(4)
    expect(result.buffers[3]).toEqual(inner(32))
    expect(written(result.instructions)).toEqual([3, 1])
    expect(result.instructions[1]).toMatchObject({
      dims: [8],
      inputs: [{ slot: 3, dtype: 'int32' }],
      code: [],
    })
  })

  it('so, too, where two inputs become functions of each other', () => {
    const both = [input(32, 0), input(32, 1), output(32, 0, 0), output(32, 1, 1)]
    const instructions = [
      loop([8], [at(0), at(1)], at(2), [add(2, 0, 1)]),
      loop([8], [at(0), at(1)], at(3), [add(2, 1, 0)]),
    ]
    const result = schedule(both, instructions)
    expect(result.instructions).toHaveLength(3)
    const order = written(result.instructions)
    // What is read of the inputs is read before either is overwritten.
    expect(order.indexOf(4)).toBeLessThan(Math.max(order.indexOf(2), order.indexOf(3)))
    expect(order.slice().sort()).toEqual([2, 3, 4])
    const firstOverwritten = order.findIndex((slot) => slot === 2 || slot === 3)
    const later = result.instructions.slice(firstOverwritten + 1) as Of<'elementwise'>[]
    const overwritten = order[firstOverwritten]! - 2
    for (const { inputs } of later) expect(inputs.map(({ slot }) => slot)).not.toContain(overwritten)
  })

  it('makes the result of a product that reads the input beside it', () => {
    const square = [input(64, 0), output(64, 0, 0)]
    const result = schedule(square, [matmul(0, 0, 1, [4, 4, 4])])
    expect(result.instructions.map(({ op }) => op)).toEqual(['matmul', 'elementwise'])
    expect((result.instructions[0] as Of<'matmul'>).c.slot).toBe(2)
  })
})
