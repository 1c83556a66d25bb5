import { describe, expect, it } from 'vitest'
import { tidyLoop } from '../../src/compiler/tidy-loops.ts'
import { at, loop, matmul, type Of, relu } from '../support/instructions.ts'

type Loop = Of<'elementwise'>

describe('loops', () => {
  it('over dense values become one dimension', () => {
    const strides = [12, 4, 1]
    const tidy = tidyLoop(loop([2, 3, 4], [at(0, strides)], at(1, strides), [relu(1, 0)])) as Loop
    expect(tidy.dims).toEqual([24])
    expect([tidy.inputs[0]!.strides, tidy.outputs[0]!.strides]).toEqual([[1], [1]])
  })

  it('walk in the order in which the result lies', () => {
    // A transpose: the input's columns become the result's rows.
    const tidy = tidyLoop(loop([3, 4], [at(0, [4, 1])], at(1, [1, 3]))) as Loop
    expect(tidy.dims).toEqual([4, 3])
    expect([tidy.inputs[0]!.strides, tidy.outputs[0]!.strides]).toEqual([
      [1, 4],
      [3, 1],
    ])
  })

  it('keep dimensions apart that an operand does not walk as one', () => {
    const tidy = tidyLoop(loop([2, 3, 4], [at(0, [12, 4, 1]), at(1, [4, 0, 1])], at(2, [12, 4, 1]))) as Loop
    expect(tidy.dims).toEqual([2, 3, 4])
    const whole = tidyLoop(loop([2, 3, 4], [at(0, [12, 4, 1]), at(1, [0, 0, 1])], at(2, [12, 4, 1]))) as Loop
    expect(whole.dims).toEqual([6, 4])
    expect(whole.inputs[1]!.strides).toEqual([0, 1])
  })

  it('lose dimensions of one element, but not the last one', () => {
    expect((tidyLoop(loop([1, 5, 1], [at(0, [5, 1, 1])], at(1, [5, 1, 1]))) as Loop).dims).toEqual([5])
    const single = tidyLoop(loop([1, 1], [at(0, [7, 7])], at(1, [1, 1]))) as Loop
    expect([single.dims, single.inputs[0]!.strides]).toEqual([[1], [0]])
  })
})

describe('reductions', () => {
  const sum = (
    dims: readonly number[],
    reduced: readonly boolean[],
    input: number[],
    output: number[],
  ): Of<'reduce'> =>
    tidyLoop({
      op: 'reduce',
      kind: 'sum',
      dims,
      reduced,
      inputs: [at(0, input)],
      outputs: [at(1, output)],
      results: [0],
      scales: [1],
      code: [],
      registers: 1,
      type: 'f32',
    }) as Of<'reduce'>

  it('merge dimensions that are reduced alike', () => {
    const tidy = sum([2, 3, 4, 5], [false, false, true, true], [60, 20, 5, 1], [3, 1, 0, 0])
    expect([tidy.dims, tidy.reduced]).toEqual([
      [6, 20],
      [false, true],
    ])
    expect([tidy.inputs[0]!.strides, tidy.outputs[0]!.strides]).toEqual([
      [20, 1],
      [1, 0],
    ])
  })

  it('walk in the order in which the operand lies', () => {
    const tidy = sum([3, 4], [false, true], [1, 3], [1, 0])
    expect([tidy.dims, tidy.reduced, tidy.inputs[0]!.strides]).toEqual([
      [4, 3],
      [true, false],
      [3, 1],
    ])
  })
})

it('other instructions stay as they are', () => {
  const product = matmul(0, 1, 2, [2, 3, 4])
  expect(tidyLoop(product)).toBe(product)
})
