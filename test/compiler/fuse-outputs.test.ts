import { describe, expect, it } from 'vitest'
import { fuseOutputs } from '../../src/compiler/fuse-outputs.ts'
import type { Buffer } from '../../src/compiler/lowering-state.ts'
import type { Instruction } from '../../src/compiler/program.ts'
import {
  add,
  at,
  image,
  inner,
  input,
  loop,
  matmul,
  type Of,
  output,
  pointwise,
  relu,
} from '../support/instructions.ts'

const ops = (instructions: readonly Instruction[]): string[] => instructions.map(({ op }) => op)

/** Operands 0 and 1, a product [3, 5] in 2, two more operands 3 and 4, a result in 5. */
const buffers: readonly Buffer[] = [
  input(48, 0),
  input(80, 1),
  inner(60),
  input(20, 2),
  input(60, 3),
  output(60, 0),
]
const product = matmul(0, 1, 2, [3, 4, 5])

describe('a product does the loop that alone reads it', () => {
  it('with a bias, another value and an activation', () => {
    const [fused, ...rest] = fuseOutputs(buffers, [
      product,
      loop([3, 5], [at(3, [0, 1]), at(2, [5, 1]), at(4, [5, 1])], at(5, [5, 1]), [
        add(3, 1, 0),
        add(4, 3, 2),
        relu(5, 4),
      ]),
    ]) as [Of<'matmul'>]
    expect(rest).toEqual([])
    expect(fused.c).toEqual({ slot: 5, offset: 0, stride: 5 })
    expect(fused.epilogue!.inputs).toEqual([
      { kind: 'column', slot: 3, offset: 0 },
      { kind: 'full', slot: 4, offset: 0, rowStride: 5 },
    ])
    // The product is register 0 of an epilogue.
    expect(fused.epilogue!.code[0]).toEqual(add(3, 0, 1))
  })

  it('and the one that reads what that one makes', () => {
    const places = [...buffers.slice(0, 5), inner(60), output(60, 0)]
    const [fused, ...rest] = fuseOutputs(places, [
      product,
      loop([3, 5], [at(2, [5, 1]), at(3, [0, 1])], at(5, [5, 1]), [add(2, 0, 1)]),
      loop([3, 5], [at(3, [0, 1]), at(4, [5, 1]), at(5, [5, 1])], at(6, [5, 1]), [
        add(3, 2, 1),
        relu(3, 3),
        add(4, 3, 0),
      ]),
    ]) as [Of<'matmul'>]
    expect(rest).toEqual([])
    expect(fused.c.slot).toBe(6)
    const { inputs, code, result } = fused.epilogue!
    expect(inputs.map(({ slot }) => slot)).toEqual([3, 4])
    const registers = [10, 200, 3000, ...code.map(() => 0)]
    for (const step of code) {
      const { out, a, b } = step as { out: number; a: number; b: number }
      registers[out] = step.op === 'add' ? registers[a]! + registers[b]! : Math.max(registers[a]!, 0)
    }
    expect(registers[result]).toBe(10 + 200 + 3000 + 200)
  })

  it('that only puts it into a part of another value', () => {
    const joined = [...buffers.slice(0, 5), output(3 * 9 * 4, 0)]
    const copy = loop([3, 5], [at(2, [5, 1])], at(5, [9, 1], { offset: 4 }))
    const [placed] = fuseOutputs(joined, [product, copy]) as [Of<'matmul'>]
    expect(placed.c).toEqual({ slot: 5, offset: 4, stride: 9 })
    expect(placed.epilogue).toBeNull()
  })

  it.each<[string, readonly Buffer[], readonly Instruction[]]>([
    [
      'unless something else reads it too',
      [...buffers, output(60, 1)],
      [product, loop([15], [at(2)], at(5), [relu(1, 0)]), loop([15], [at(2)], at(6), [relu(1, 0)])],
    ],
    [
      'unless it is transposed',
      buffers,
      [product, loop([5, 3], [at(2, [1, 5])], at(5, [3, 1]), [relu(1, 0)])],
    ],
    [
      'unless the result takes over an input in place',
      [...buffers.slice(0, 5), output(60, 0, 4)],
      [product, loop([15], [at(2), at(4)], at(5), [add(2, 0, 1)])],
    ],
    [
      'unless the result is of another dtype',
      buffers,
      [product, loop([15], [at(2)], at(5, [1], { dtype: 'int32' }), [relu(1, 0)])],
    ],
    [
      'unless an operand differs from row to row',
      buffers,
      [product, loop([3, 5], [at(2, [5, 1]), at(3, [1, 0])], at(5, [5, 1]), [add(2, 0, 1)])],
    ],
  ])('%s', (_, places, instructions) => {
    expect(fuseOutputs(places, instructions)).toEqual(instructions)
  })
})

it('a convolution adds its bias for each channel', () => {
  const places = [input(4 * 24, 0), input(4 * 12, 1), inner(4 * 32), input(16, 2), output(4 * 32, 0)]
  const conv: Instruction = {
    op: 'conv2d',
    algorithm: 'pointwise',
    geometry: pointwise,
    x: image(0, [2, 2, 2, 3]),
    weight: { slot: 1, dtype: 'float32', offset: 0 },
    packed: false,
    y: image(2, [2, 2, 2, 4]),
    epilogue: null,
  }
  const bias = loop([8, 4], [at(2, [4, 1]), at(3, [0, 1])], at(4, [4, 1]), [add(2, 0, 1)])
  const fused = fuseOutputs(places, [conv, bias])
  expect(ops(fused)).toEqual(['conv2d'])
  expect((fused[0] as Of<'conv2d'>).y).toMatchObject({ slot: 4, c: 4, pixelStride: 4 })
})

it('a pool writes into its part of another value, but computes nothing', () => {
  const places = [input(4 * 16, 0), inner(4 * 4), output(4 * 8, 0)]
  const pool: Instruction = {
    op: 'maxPool2d',
    layout: 'nhwc',
    geometry: { kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1] },
    x: image(0, [1, 4, 4, 1]),
    y: image(1, [1, 2, 2, 1]),
    values: true,
    indices: null,
  }
  expect(ops(fuseOutputs(places, [pool, loop([4], [at(1)], at(2, [2]))]))).toEqual(['maxPool2d'])
  expect(ops(fuseOutputs(places, [pool, loop([4], [at(1)], at(2, [2]), [relu(1, 0)])]))).toEqual([
    'maxPool2d',
    'elementwise',
  ])
})
