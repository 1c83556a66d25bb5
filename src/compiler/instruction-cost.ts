import { dtypes } from '../graph/dtype.ts'
import type { Dense, Epilogue, Image, Instruction, MicroOp, Operand, Slot } from './program.ts'

export interface InstructionCost {
  /** Multiply-accumulates of products and convolutions, as the definition has them: Winograd is not credited with fewer. */
  readonly macs: number
  /** Two for each multiply-accumulate, and one for each step of element-wise code, comparison or sum. */
  readonly flops: number
  /** Every operand read once and every result written once, as if nothing were in a cache. */
  readonly bytes: number
}

const float = dtypes.float32.bytes
const int = dtypes.int32.bytes

/** What an instruction over these slots has to compute and to move. */
export function instructionCost(slots: readonly Slot[], instruction: Instruction): InstructionCost {
  const i = instruction
  switch (i.op) {
    case 'elementwise': {
      const moved = [...i.inputs, ...i.outputs].map((operand) => operandBytes(slots, operand, i.dims))
      return cost(0, steps(i.code) * product(i.dims), ...moved)
    }
    case 'reduce': {
      const moved = [...i.inputs, ...i.outputs].map((operand) => operandBytes(slots, operand, i.dims))
      return cost(0, (steps(i.code) + i.outputs.length) * product(i.dims), ...moved)
    }
    case 'matmul': {
      const { batch, m, n, k, batchStrides } = i
      const copies = batchStrides.map((stride) => (stride === 0 ? 1 : batch))
      return withEpilogue(
        i.epilogue,
        batch * m,
        n,
        cost(
          batch * m * n * k,
          0,
          float * copies[0]! * m * k,
          i.packedB ? slots[i.b.slot]!.bytes : float * copies[1]! * k * n,
          float * batch * m * n,
        ),
      )
    }
    case 'packMatrix':
      return cost(0, 0, float * i.k * i.n, slots[i.target.slot]!.bytes)
    case 'conv2d': {
      const macsEach = area(i.geometry.kernel) * (i.x.c / i.geometry.groups)
      const weight = i.packed ? slots[i.weight.slot]!.bytes : float * macsEach * i.y.c
      const moved = [imageBytes(i.x), weight, imageBytes(i.y)]
      return withEpilogue(i.epilogue, pixels(i.y), i.y.c, cost(size(i.y) * macsEach, 0, ...moved))
    }
    case 'packConv': {
      const { geometry, outChannels, inChannels, source, target } = i
      const count = (outChannels * inChannels * area(geometry.kernel)) / geometry.groups
      return cost(0, 0, count * dtypes[source.dtype].bytes, slots[target.slot]!.bytes)
    }
    case 'conv2dInputGrad': {
      const macsEach = area(i.geometry.kernel) * (i.dx.c / i.geometry.groups)
      const moved = [imageBytes(i.dy), float * macsEach * i.dy.c, imageBytes(i.dx)]
      return withEpilogue(i.epilogue, pixels(i.dx), i.dx.c, cost(size(i.dy) * macsEach, 0, ...moved))
    }
    case 'conv2dWeightGrad': {
      const macsEach = area(i.geometry.kernel) * (i.x.c / i.geometry.groups)
      return cost(size(i.dy) * macsEach, 0, imageBytes(i.x), imageBytes(i.dy), float * macsEach * i.dy.c)
    }
    case 'maxPool2d':
      return cost(
        0,
        size(i.y) * area(i.geometry.kernel),
        imageBytes(i.x),
        i.values ? imageBytes(i.y) : 0,
        i.indices ? int * size(i.y) : 0,
      )
    case 'chain': {
      const stages = i.stages.map((stage) => instructionCost(slots, stage))
      const total = (part: keyof InstructionCost): number => sum(stages.map((stage) => stage[part]))
      const handedOn = i.stages.slice(1).map(({ x }) => 2 * imageBytes(x))
      return { macs: total('macs'), flops: total('flops'), bytes: total('bytes') - sum(handedOn) }
    }
    case 'poolGather':
      return cost(0, 0, float * Math.min(size(i.x), size(i.y)), int * size(i.y), imageBytes(i.y))
    case 'poolScatter':
      return cost(0, size(i.y), imageBytes(i.y), int * size(i.y), imageBytes(i.x))
    case 'resample': {
      const rows = i.outer * i.inner
      const { inSize, outSize, weights } = i.taps
      return cost(0, 2 * rows * weights.length, float * rows * inSize, float * rows * outSize)
    }
    case 'argMax':
    case 'cumSum':
    case 'cumArgMax':
    case 'argSort': {
      const read = i.outer * i.size * i.inner
      const written = i.op === 'argMax' ? i.outer * i.inner : read
      const each = i.op === 'argSort' ? Math.ceil(Math.log2(Math.max(i.size, 2))) : 1
      return cost(0, read * each, denseBytes(i.x, read), denseBytes(i.y, written))
    }
    case 'gather': {
      const count = product(i.dims)
      const read = denseBytes(i.x, Math.min(count, product(i.xDims)))
      return cost(0, 0, read, denseBytes(i.index, count), denseBytes(i.y, count))
    }
    case 'scatterAdd': {
      const count = product(i.dims)
      const changed = denseBytes(i.y, Math.min(count, product(i.yDims)))
      return cost(0, count, denseBytes(i.index, count), denseBytes(i.source, count), 2 * changed)
    }
    case 'random':
      return cost(0, 0, denseBytes(i.y, i.size))
    case 'iota':
      return cost(0, 0, denseBytes(i.y, i.outer * i.size * i.inner))
  }
}

function cost(macs: number, otherFlops: number, ...bytes: readonly number[]): InstructionCost {
  return { macs, flops: 2 * macs + otherFlops, bytes: sum(bytes) }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}

function withEpilogue(
  epilogue: Epilogue | null,
  rows: number,
  columns: number,
  base: InstructionCost,
): InstructionCost {
  if (epilogue === null) return base
  const read = epilogue.inputs.map(({ kind }) => float * (kind === 'full' ? rows * columns : columns))
  return cost(base.macs, steps(epilogue.code) * rows * columns, base.bytes, ...read)
}

const notArithmetic: ReadonlySet<MicroOp['op']> = new Set(['const', 'cast', 'toBool', 'toUint8'])

function steps(code: readonly MicroOp[]): number {
  return code.filter(({ op }) => !notArithmetic.has(op)).length
}

/** Elements that repeat along a dimension count once; windows that overlap never more than the whole slot. */
function operandBytes(slots: readonly Slot[], operand: Operand, dims: readonly number[]): number {
  const distinct = product(dims.filter((_, d) => operand.strides[d] !== 0))
  return Math.min(distinct * dtypes[operand.dtype].bytes, slots[operand.slot]!.bytes)
}

function denseBytes({ dtype }: Dense, count: number): number {
  return dtypes[dtype].bytes * count
}

function pixels({ n, h, w }: Image): number {
  return n * h * w
}

function size(image: Image): number {
  return pixels(image) * image.c
}

function imageBytes(image: Image): number {
  return float * size(image)
}

function area([height, width]: readonly [number, number]): number {
  return height * width
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, n) => total * n, 1)
}
