import { describe, expect, it } from 'vitest'
import { compile } from '../../src/compiler/compile.ts'
import { describeInstruction } from '../../src/compiler/describe-instruction.ts'
import { abstractGraph, record } from '../../src/compiler/graph.ts'
import { type InstructionCost, instructionCost } from '../../src/compiler/instruction-cost.ts'
import type { Dense, Image, Instruction, MicroOp, Operand, Slot } from '../../src/compiler/program.ts'
import { builtInConvCosts, type Target } from '../../src/compiler/target.ts'
import { createModel, summary } from '../../src/models/index.ts'
import { noGrad, tensor } from '../../src/tensor/index.ts'

/** Slots of a size that no operand reaches. */
const slots: readonly Slot[] = Array.from({ length: 4 }, (_, i) => ({
  kind: 'arena',
  offset: 0,
  bytes: 1_000_000 + i,
}))

const dense = (slot: number): Dense => ({ slot, dtype: 'float32', offset: 0 })
const operand = (slot: number, strides: readonly number[]): Operand => ({ ...dense(slot), strides })
const image = (n: number, h: number, w: number, c: number): Image => ({
  ...{ slot: 0, offset: 0 },
  ...{ n, h, w, c, pixelStride: c },
})
const relu: MicroOp = { op: 'relu', type: 'f32', out: 1, a: 0 }
const geometry = { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 2 } as const

const cases: readonly (readonly [string, Instruction, InstructionCost])[] = [
  [
    // Each row is scaled by its own number and cast: two steps count, the constant and the cast do not.
    '10x20 mul relu cast',
    {
      op: 'elementwise',
      dims: [10, 20],
      inputs: [operand(0, [20, 1]), operand(1, [1, 0])],
      outputs: [{ ...operand(2, [20, 1]), dtype: 'int32' }],
      results: [4],
      code: [
        { op: 'const', type: 'f32', out: 2, value: 1 },
        { op: 'mul', type: 'f32', out: 3, a: 0, b: 1 },
        { ...relu, out: 3, a: 3 },
        { op: 'cast', type: 'i32', from: 'f32', out: 4, a: 3 },
      ],
      registers: 5,
    },
    { macs: 0, flops: 2 * 200, bytes: 4 * (200 + 10 + 200) },
  ],
  [
    'sum 10x20 to 20',
    {
      op: 'reduce',
      kind: 'sum',
      dims: [10, 20],
      reduced: [true, false],
      inputs: [operand(0, [20, 1])],
      outputs: [operand(1, [0, 1])],
      results: [0],
      scales: [1],
      code: [],
      registers: 1,
      type: 'f32',
    },
    { macs: 0, flops: 200, bytes: 4 * (200 + 20) },
  ],
  [
    '3 of 4x6 by 6x5 then relu',
    {
      op: 'matmul',
      ...{ batch: 3, m: 4, n: 5, k: 6, transposeA: false, transposeB: false, packedB: false },
      a: { slot: 0, offset: 0, stride: 6 },
      b: { slot: 1, offset: 0, stride: 5 },
      c: { slot: 2, offset: 0, stride: 5 },
      // One right operand for all three.
      batchStrides: [24, 0, 20],
      epilogue: { inputs: [], code: [relu], registers: 2, result: 1 },
    },
    { macs: 360, flops: 2 * 360 + 60, bytes: 4 * (72 + 30 + 60) },
  ],
  [
    'implicitGemm 3x3 stride 2 groups 2 1x8x8x4 to 1x4x4x6 then relu',
    {
      op: 'conv2d',
      algorithm: 'implicitGemm',
      geometry,
      x: image(1, 8, 8, 4),
      weight: dense(3),
      packed: true,
      y: image(1, 4, 4, 6),
      epilogue: {
        inputs: [
          { kind: 'column', slot: 1, offset: 0 },
          { kind: 'full', slot: 2, offset: 0, rowStride: 6 },
        ],
        code: [relu],
        registers: 4,
        result: 1,
      },
    },
    // 96 outputs of 9 taps over 2 channels; packed weights are as large as their slot.
    { macs: 1728, flops: 2 * 1728 + 96, bytes: 4 * (256 + 96) + 1_000_003 + 4 * (6 + 96) },
  ],
  [
    'implicitGemm 3x3 stride 2 groups 2 1x4x4x6 to 1x8x8x4',
    {
      op: 'conv2dInputGrad',
      algorithm: 'implicitGemm',
      geometry,
      dy: image(1, 4, 4, 6),
      weight: dense(1),
      dx: image(1, 8, 8, 4),
      epilogue: null,
    },
    { macs: 1728, flops: 2 * 1728, bytes: 4 * (96 + 6 * 2 * 9 + 256) },
  ],
  [
    'implicitGemm 3x3 stride 2 groups 2 1x8x8x4 and 1x4x4x6',
    {
      op: 'conv2dWeightGrad',
      algorithm: 'implicitGemm',
      geometry,
      x: image(1, 8, 8, 4),
      dy: image(1, 4, 4, 6),
      dw: dense(1),
    },
    { macs: 1728, flops: 2 * 1728, bytes: 4 * (256 + 96 + 6 * 2 * 9) },
  ],
  [
    '3x3 stride 2 1x8x8x4 to 1x4x4x4 values, positions',
    {
      op: 'maxPool2d',
      layout: 'nhwc',
      geometry,
      x: image(1, 8, 8, 4),
      y: image(1, 4, 4, 4),
      values: true,
      indices: { ...dense(1), dtype: 'int32' },
    },
    { macs: 0, flops: 64 * 9, bytes: 4 * (256 + 64 + 64) },
  ],
  [
    '5x1 into 5x100',
    {
      op: 'scatterAdd',
      name: 'scatterAdd',
      axis: 1,
      dims: [5, 1],
      yDims: [5, 100],
      index: { ...dense(0), dtype: 'int32' },
      source: dense(1),
      y: dense(2),
    },
    { macs: 0, flops: 5, bytes: 4 * (5 + 5 + 2 * 5) },
  ],
]

describe('the cost of an instruction', () => {
  it.each(cases)('%s', (description, instruction, cost) => {
    expect(instructionCost(slots, instruction)).toEqual(cost)
    expect(describeInstruction(instruction)).toBe(description)
  })

  it('adds up to what the summary of a network counts', async () => {
    const target: Target = {
      convCosts: builtInConvCosts,
      packedMatrixBytes: (k, n) => 4 * k * n,
      packedConvBytes: () => 4,
    }
    const model = await createModel('mobilenet_v2')
    model.eval()
    const shape = [2, 3, 64, 64]
    const { node } = noGrad(() => model.forward(tensor(new Float32Array(2 * 3 * 64 * 64), shape)))
    const { program } = compile(abstractGraph(record([node])), target)
    const macs = program.instructions.map((instruction) => instructionCost(program.slots, instruction).macs)
    expect(macs.reduce((sum, n) => sum + n, 0)).toBe(summary(model, shape).macs)
  })
})
