import type { Buffer } from '../../src/compiler/lowering-state.ts'
import type {
  ConvGeometry,
  Image,
  Instruction,
  MicroOp,
  Operand,
  SlotId,
} from '../../src/compiler/program.ts'
import type { DType } from '../../src/graph/dtype.ts'

export type Of<Op extends Instruction['op']> = Extract<Instruction, { op: Op }>

export function at(
  slot: SlotId,
  strides: readonly number[] = [1],
  { offset = 0, dtype = 'float32' }: { offset?: number; dtype?: DType } = {},
): Operand {
  return { slot, dtype, offset, strides }
}

export const relu = (out: number, a: number): MicroOp => ({ op: 'relu', type: 'f32', out, a })
export const add = (out: number, a: number, b: number): MicroOp => ({ op: 'add', type: 'f32', out, a, b })

/** An element-wise loop; its result is what the last step gives, or the first input. */
export function loop(
  dims: readonly number[],
  inputs: readonly Operand[],
  output: Operand,
  code: readonly MicroOp[] = [],
): Of<'elementwise'> {
  const registers = Math.max(inputs.length, ...code.map(({ out }) => out + 1))
  return {
    op: 'elementwise',
    dims,
    inputs,
    outputs: [output],
    results: [code.at(-1)?.out ?? 0],
    code,
    registers,
  }
}

export function image(slot: SlotId, [n, h, w, c]: readonly [number, number, number, number]): Image {
  return { slot, offset: 0, n, h, w, c, pixelStride: c }
}

/** Of a 1x1 convolution. */
export const pointwise: ConvGeometry = {
  kernel: [1, 1],
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
}

/** c [m, n] = a [m, k] b [k, n]. */
export function matmul(
  a: SlotId,
  b: SlotId,
  c: SlotId,
  [m, k, n]: readonly [number, number, number],
): Of<'matmul'> {
  return {
    op: 'matmul',
    batch: 1,
    m,
    n,
    k,
    transposeA: false,
    transposeB: false,
    a: { slot: a, offset: 0, stride: k },
    b: { slot: b, offset: 0, stride: n },
    c: { slot: c, offset: 0, stride: n },
    batchStrides: [0, 0, 0],
    packedB: false,
    epilogue: null,
  }
}

export function inner(bytes: number): Buffer {
  return { bytes, external: null, donor: null }
}

export function input(bytes: number, index: number): Buffer {
  return { bytes, external: { kind: 'input', index, constant: false }, donor: null }
}

export function output(bytes: number, index: number, donor: SlotId | null = null): Buffer {
  return { bytes, external: { kind: 'output', index }, donor }
}
