import { dtypes } from '../../src/graph/dtype.ts'
import type { Node } from '../../src/graph/node.ts'
import * as g from '../../src/graph/ops/index.ts'
import { type Shape, sizeOf, stridesOf } from '../../src/graph/shape.ts'
import type { CaseRandom } from './case-random.ts'
import type { Operand, Trial } from './op-case.ts'

/** A value as an operand of another shape or sign, and what makes the value of it. */
interface Disguise {
  readonly operand: Operand
  readonly unveil: (node: Node) => Node
}

/**
 * The same trial with the same values, but some operands are views (permuted, flipped, cut out, reshaped) or computed,
 * and some are parameters.
 */
export function disguised(trial: Trial, random: CaseRandom): Trial {
  const disguises = trial.operands.map((operand): Disguise => {
    const disguise = random.chance(0.4)
      ? { operand, unveil: (node: Node) => node }
      : disguiseOf(operand, random)
    if (!random.chance(0.3)) return disguise
    return { ...disguise, operand: { ...disguise.operand, persistent: true } }
  })
  return {
    operands: disguises.map(({ operand }) => operand),
    build: (inputs) => trial.build(inputs.map((node, i) => disguises[i]!.unveil(node))),
  }
}

function disguiseOf(operand: Operand, random: CaseRandom): Disguise {
  const kinds =
    operand.shape.length === 0 ? [computed, reshaped] : [permuted, flipped, cutOut, reshaped, computed]
  return random.pick(kinds)(operand, random)
}

function permuted({ shape, dtype, values }: Operand, random: CaseRandom): Disguise {
  const axes = random.permutation(shape.length)
  const stored = axes.map((_, i) => shape[axes.indexOf(i)]!)
  const strides = stridesOf(stored)
  const array = dtypes[dtype].create(values.length)
  place(
    shape,
    0,
    axes.map((axis) => strides[axis]!),
    (from, to) => (array[to] = values[from]!),
  )
  return { operand: { shape: stored, dtype, values: array }, unveil: (node) => g.permute(node, axes) }
}

function flipped({ shape, dtype, values }: Operand, random: CaseRandom): Disguise {
  const axes = random.axes(shape.length)
  const strides = stridesOf(shape)
  const offset = axes.reduce((sum, axis) => sum + strides[axis]! * (shape[axis]! - 1), 0)
  const array = dtypes[dtype].create(values.length)
  place(
    shape,
    offset,
    strides.map((stride, i) => (axes.includes(i) ? -stride : stride)),
    (from, to) => (array[to] = values[from]!),
  )
  return { operand: { shape, dtype, values: array }, unveil: (node) => g.flip(node, axes) }
}

/** Inside a larger value whose other elements would show. */
function cutOut({ shape, dtype, values }: Operand, random: CaseRandom): Disguise {
  const steps = shape.map(() => (random.chance(0.7) ? 1 : random.integer(2, 3)))
  const starts = shape.map(() => random.integer(0, 2))
  const stops = shape.map((d, i) => starts[i]! + (d === 0 ? 0 : (d - 1) * steps[i]! + 1))
  const stored = stops.map((stop) => stop + random.integer(0, 2))
  const strides = stridesOf(stored)
  const array = dtypes[dtype].create(sizeOf(stored)).fill(dtype === 'bool' ? 1 : 77)
  place(
    shape,
    starts.reduce((sum, start, i) => sum + start * strides[i]!, 0),
    strides.map((stride, i) => stride * steps[i]!),
    (from, to) => (array[to] = values[from]!),
  )
  return {
    operand: { shape: stored, dtype, values: array },
    unveil: (node) => g.slice(node, starts, stops, steps),
  }
}

function reshaped({ shape, dtype, values }: Operand, random: CaseRandom): Disguise {
  const stored = random.chance() ? [values.length] : [1, ...shape.slice(0, -1), shape.at(-1) ?? 1, 1]
  return { operand: { shape: stored, dtype, values }, unveil: (node) => g.reshape(node, shape) }
}

function computed({ shape, dtype, values }: Operand): Disguise {
  const opposite = dtypes[dtype].create(values.length)
  for (let i = 0; i < values.length; i++) opposite[i] = dtype === 'bool' ? 1 - values[i]! : -values[i]!
  const unveil = dtype === 'bool' ? g.logicalNot : g.neg
  return { operand: { shape, dtype, values: opposite }, unveil }
}

/** Calls fn with each element's number, and its place in a strided view. */
function place(
  shape: Shape,
  offset: number,
  strides: readonly number[],
  fn: (from: number, to: number) => void,
): void {
  const index = new Int32Array(shape.length)
  const size = sizeOf(shape)
  let to = offset
  for (let from = 0; from < size; from++) {
    fn(from, to)
    for (let d = shape.length - 1; d >= 0; d--) {
      to += strides[d]!
      if (++index[d]! < shape[d]!) break
      to -= strides[d]! * shape[d]!
      index[d] = 0
    }
  }
}
