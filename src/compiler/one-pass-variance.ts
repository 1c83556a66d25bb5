import type { Buffer } from './lowering-state.ts'
import type { Instruction, MicroOp, Operand, SlotId } from './program.ts'
import { samePlaces } from './schedule.ts'

type Reduce = Extract<Instruction, { op: 'reduce' }>

/** Fewer elements are near enough to read again. */
const fewestElements = 1 << 16
/** Of this many elements along the longest reduced dimension, one is sampled. */
const spacing = 32

/**
 * Computes a mean and the mean square of the distances from it in one pass over the values, with sums of the distances
 * d from a shift: the mean is shift + mean(d), the other mean(d^2) - mean(d)^2. That difference loses as many digits as
 * the shift is standard deviations away from the mean. The shift is the mean of m among the n values, which is within
 * sqrt(n / m) of them whatever the values are, and mostly within one.
 */
export function onePassVariance(
  buffers: readonly Buffer[],
  instructions: readonly Instruction[],
): { buffers: readonly Buffer[]; instructions: Instruction[] } {
  const allBuffers = [...buffers]
  const list: (readonly Instruction[])[] = instructions.map((instruction) => [instruction])
  const means = new Map<SlotId, number>()
  for (const [j, instruction] of instructions.entries()) {
    if (instruction.op !== 'reduce') continue
    if (isMean(instruction)) means.set(instruction.outputs[0]!.slot, j)
    const place = instruction.inputs.map(({ slot }) => means.get(slot)).find((i) => i !== undefined)
    const mean = place === undefined ? undefined : (instructions[place] as Reduce)
    if (place === undefined || mean === undefined || !isVariance(instruction, mean)) continue
    const { bytes } = buffers[mean.outputs[0]!.slot]!
    const temporary = (): SlotId => allBuffers.push({ bytes, external: null, donor: null }) - 1
    list[place] = inOnePass(mean, instruction, temporary)
    list[j] = []
  }
  return { buffers: allBuffers, instructions: list.flat() }
}

function isMean({ kind, type, dims, reduced, code, scales, outputs, inputs }: Reduce): boolean {
  const count = dims.reduce((product, size, d) => (reduced[d] ? product * size : product), 1)
  return (
    kind === 'sum' &&
    type === 'f32' &&
    code.length === 0 &&
    inputs.length === 1 &&
    outputs.length === 1 &&
    inputs[0]!.dtype === 'float32' &&
    Math.abs(scales[0]! * count - 1) < 1e-6 &&
    Math.max(...dims.filter((_, d) => reduced[d])) >= spacing &&
    dims.reduce((product, size) => product * size, 1) >= fewestElements
  )
}

/** Whether a sum is of the squares of the distances from the mean. */
function isVariance({ kind, dims, reduced, inputs, outputs, code, results }: Reduce, mean: Reduce): boolean {
  const alike =
    kind === 'sum' &&
    outputs.length === 1 &&
    dims.length === mean.dims.length &&
    dims.every((size, d) => size === mean.dims[d] && reduced[d] === mean.reduced[d])
  const [distance, square] = code
  if (!alike || inputs.length !== 2 || code.length !== 2) return false
  return (
    distance?.op === 'sub' &&
    square?.op === 'mul' &&
    square.a === distance.out &&
    square.b === distance.out &&
    results[0] === square.out &&
    isSame(dims, inputs[distance.a], mean.inputs[0]!) &&
    isSame(dims, inputs[distance.b], mean.outputs[0]!)
  )
}

function isSame(dims: readonly number[], a: Operand | undefined, b: Operand): boolean {
  return a?.slot === b.slot && samePlaces(dims, a, b)
}

function inOnePass(mean: Reduce, variance: Reduce, temporary: () => SlotId): Instruction[] {
  const { dims, reduced, inputs } = mean
  const x = inputs[0]!
  const result = mean.outputs[0]!
  const at = (slot: SlotId): Operand => ({ ...result, slot, offset: 0 })
  const [shift, first, second] = [at(temporary()), at(temporary()), at(temporary())]
  const sums: Instruction = {
    ...mean,
    inputs: [x, shift],
    outputs: [first, second],
    results: [2, 3],
    scales: [mean.scales[0]!, variance.scales[0]!],
    code: [f32('sub', 2, 0, 1), f32('mul', 3, 2, 2)],
    registers: 4,
  }
  // Values of one element for each element of the results.
  const kept = dims.map((size, d) => (reduced[d] ? 1 : size))
  const results: Instruction = {
    op: 'elementwise',
    dims: kept,
    inputs: [shift, first, second],
    outputs: [result, variance.outputs[0]!],
    results: [3, 4],
    code: [
      f32('add', 3, 0, 1),
      { op: 'const', type: 'f32', out: 4, value: variance.scales[0]! / mean.scales[0]! },
      f32('mul', 4, 4, 1),
      f32('mul', 4, 4, 1),
      f32('sub', 4, 2, 4),
      { op: 'relu', type: 'f32', out: 4, a: 4 },
    ],
    registers: 5,
  }
  return [sampled(mean, shift), sums, results]
}

/** The mean over a part of the values: every so many along the longest reduced dimension, or the first ones of each line. */
function sampled(mean: Reduce, output: Operand): Instruction {
  const { dims, reduced, inputs, scales } = mean
  let along = -1
  for (const [d, size] of dims.entries()) if (reduced[d] && (along < 0 || size > dims[along]!)) along = d
  const count = Math.ceil(dims[along]! / spacing)
  const x = inputs[0]!
  const step = Math.abs(x.strides[along]!) === 1 ? 1 : Math.floor(dims[along]! / count)
  return {
    ...mean,
    dims: dims.map((size, d) => (d === along ? count : size)),
    inputs: [{ ...x, strides: x.strides.map((stride, d) => (d === along ? stride * step : stride)) }],
    outputs: [output],
    scales: [(scales[0]! * dims[along]!) / count],
  }
}

function f32(op: 'add' | 'sub' | 'mul', out: number, a: number, b: number): MicroOp {
  return { op, type: 'f32', out, a, b }
}
