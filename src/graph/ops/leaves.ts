import type { DType } from '../dtype.ts'
import { make } from '../make.ts'
import type { Node } from '../node.ts'
import { formatShape, type Shape, ShapeError, sizeOf } from '../shape.ts'
import { noCost, type OpTable, perElement } from './definition.ts'

export const leafOps: OpTable<'input' | 'full' | 'iota' | 'random'> = {
  input: {
    infer: () => {
      throw new Error('input: leaves are made by inputNode, from a storage')
    },
    gradient: () => [],
    cost: noCost,
    onnx: null,
  },
  full: {
    infer: (_, { shape, dtype }) => ({ shape: checkedShape('full', shape), dtype }),
    gradient: () => [],
    cost: noCost,
    onnx: 'ConstantOfShape',
  },
  iota: {
    infer: (_, { shape, dtype }) => ({ shape: checkedShape('iota', shape), dtype }),
    gradient: () => [],
    cost: perElement,
    onnx: 'Range',
  },
  random: {
    infer: ([key], { shape }) => {
      if (key?.dtype !== 'int32' || sizeOf(key.shape) !== 4) {
        throw new ShapeError(
          `random: the key must be int32 [4], got ${key?.dtype} ${formatShape(key?.shape ?? [])}`,
        )
      }
      return { shape: checkedShape('random', shape), dtype: 'float32' }
    },
    gradient: () => [null],
    cost: perElement,
    onnx: 'RandomUniform',
  },
}

export function checkedShape(op: string, shape: Shape): Shape {
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0) {
      throw new ShapeError(
        `${op}: ${formatShape(shape)} is not a shape: dimensions are non-negative integers`,
      )
    }
  }
  return shape
}

export function full(shape: Shape, value: number, dtype: DType = 'float32'): Node {
  return make('full', [], { shape, dtype, value })
}

export function scalar(value: number, dtype: DType): Node {
  return full([], value, dtype)
}

export function iota(shape: Shape, axis: number, dtype: DType = 'int32', start = 0, step = 1): Node {
  return make('iota', [], { shape, dtype, axis, start, step })
}

/** Uniform in [0, 1); the key is int32 [4]. */
export function random(key: Node, shape: Shape): Node {
  return make('random', [key], { shape })
}
