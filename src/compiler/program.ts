import type { DType } from '../graph/dtype.ts'
import type { Layout, Pair, Taps } from '../graph/node.ts'

/**
 * A Program is a flat list of instructions over slots. A slot is a stretch of bytes: in the arena (offset fixed by the
 * memory plan), or one of the buffers handed in at each run (inputs, outputs, cached derived values).
 * All values are row-major; images in instructions with a layout follow it.
 */
export interface Program {
  readonly slots: readonly Slot[]
  readonly instructions: readonly Instruction[]
  readonly arenaBytes: number
  /** Whether long sums of products are made of short ones, which err less: in programs that compute gradients. */
  readonly exactSums: boolean
  /** How many external buffers a run must be given. */
  readonly externals: number
}

export type Slot =
  | { readonly kind: 'arena'; readonly offset: number; readonly bytes: number }
  | { readonly kind: 'external'; readonly index: number; readonly bytes: number }
  /** An image that goes from stage to stage of a chain, which never holds it as a whole; `bytes` is what that would take. */
  | { readonly kind: 'window'; readonly bytes: number }

export type SlotId = number

/** A strided view of a slot: offset and strides in elements of the dtype; a stride may be 0 or negative. */
export interface Operand {
  readonly slot: SlotId
  readonly dtype: DType
  readonly offset: number
  readonly strides: readonly number[]
}

/** A dense row-major value in a slot. */
export interface Dense {
  readonly slot: SlotId
  readonly dtype: DType
  readonly offset: number
}

/**
 * An image [n, h, w, c] (nhwc) or [n, c, h, w] (nchw), dense but for `pixelStride` in nhwc: elements from one pixel
 * to the next, more than c where several producers share one concatenated buffer. In nchw it equals c.
 */
export interface Image {
  readonly slot: SlotId
  readonly offset: number
  readonly n: number
  readonly c: number
  readonly h: number
  readonly w: number
  readonly pixelStride: number
}

/** A row-major matrix with `stride` elements from row to row. */
export interface Matrix {
  readonly slot: SlotId
  readonly offset: number
  readonly stride: number
}

export type MicroUnary =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sqrt'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'floor'
  | 'round'
  | 'relu'

export type MicroBinary =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'maximum'
  | 'minimum'
  | 'remainder'
  | 'equal'
  | 'less'
  | 'lessEqual'

/**
 * One step of an element-wise computation, run block by block over registers that hold a block of values each.
 * `type` is the arithmetic: 'f32', or 'i32' for int32, uint8 and bool values (bool as 0 and 1; uint8 wraps when stored).
 * Comparisons take operands of `type` and give an i32 0 or 1. `where` takes an i32 condition in `a`.
 * Registers 0 .. inputs - 1 hold the inputs in order, already widened to f32 or i32.
 */
export type MicroOp =
  | { readonly op: 'const'; readonly type: MicroType; readonly out: number; readonly value: number }
  | { readonly op: MicroUnary; readonly type: MicroType; readonly out: number; readonly a: number }
  | {
      readonly op: MicroBinary
      readonly type: MicroType
      readonly out: number
      readonly a: number
      readonly b: number
    }
  | {
      readonly op: 'where'
      readonly type: MicroType
      readonly out: number
      readonly a: number
      readonly b: number
      readonly c: number
    }
  /** From `from` in register a to `type`: f32 to i32 truncates; `toBool` and `toUint8` give an i32. */
  | {
      readonly op: 'cast' | 'toBool' | 'toUint8'
      readonly type: MicroType
      readonly from: MicroType
      readonly out: number
      readonly a: number
    }

export type MicroType = 'f32' | 'i32'

/** Element-wise code after a matrix product, tile by tile. Register 0 is the product, 1.. the inputs in order. */
export interface Epilogue {
  readonly inputs: readonly EpilogueInput[]
  readonly code: readonly MicroOp[]
  readonly registers: number
  /** The register stored as the result. */
  readonly result: number
}

/** float32 operands: one value for each output column (channel), or a full matrix shaped as the output. */
export type EpilogueInput =
  | { readonly kind: 'column'; readonly slot: SlotId; readonly offset: number }
  | { readonly kind: 'full'; readonly slot: SlotId; readonly offset: number; readonly rowStride: number }

export interface ConvGeometry {
  readonly kernel: Pair
  readonly stride: Pair
  /** Top and left; the far sides follow from the output's size. */
  readonly padding: Pair
  readonly dilation: Pair
  readonly groups: number
}

/** `winogradF2` and `winogradF4` make tiles of 2x2 and 4x4 results; for 3x3 kernels of stride and dilation 1, one group. */
export type ConvAlgorithm =
  | 'implicitGemm'
  | 'pointwise'
  | 'depthwise'
  | 'grouped'
  | 'winogradF2'
  | 'winogradF4'

export type Instruction =
  /**
   * outputs[i] = register results[i] of `code` over the index space `dims`. Every operand has one stride per dim.
   * Without reduction, output strides are distinct places.
   */
  | {
      readonly op: 'elementwise'
      readonly dims: readonly number[]
      readonly inputs: readonly Operand[]
      readonly outputs: readonly Operand[]
      readonly results: readonly number[]
      readonly code: readonly MicroOp[]
      readonly registers: number
    }
  /**
   * The same, then reduced: `reduced[d]` marks the dims summed over; outputs have stride 0 along them.
   * `scales` multiply the results (1 / count for a mean). Sums of float32 are accumulated so that the error grows with
   * the logarithm of the count, not with the count.
   */
  | {
      readonly op: 'reduce'
      readonly kind: 'sum' | 'max' | 'prod'
      readonly dims: readonly number[]
      readonly reduced: readonly boolean[]
      readonly inputs: readonly Operand[]
      readonly outputs: readonly Operand[]
      readonly results: readonly number[]
      readonly scales: readonly number[]
      readonly code: readonly MicroOp[]
      readonly registers: number
      readonly type: MicroType
    }
  /** c[b] = epilogue(op(a[b]) op(b[b])); float32. Batch strides in elements, 0 to share an operand. */
  | {
      readonly op: 'matmul'
      readonly batch: number
      readonly m: number
      readonly n: number
      readonly k: number
      readonly transposeA: boolean
      readonly transposeB: boolean
      readonly a: Matrix
      readonly b: Matrix
      readonly c: Matrix
      readonly batchStrides: readonly [number, number, number]
      /** `b` holds what packMatrix made, when true. */
      readonly packedB: boolean
      readonly epilogue: Epilogue | null
    }
  /** Prepacks the right operand [k, n] (or [n, k] transposed) of a matmul; the packed size is packedMatrixBytes(k, n). */
  | {
      readonly op: 'packMatrix'
      readonly k: number
      readonly n: number
      readonly transposed: boolean
      readonly source: Matrix
      readonly target: Dense
    }
  /** nhwc images; the weight is [out, in / groups, kh, kw], or what packConv made. Epilogue columns are channels. */
  | {
      readonly op: 'conv2d'
      readonly algorithm: ConvAlgorithm
      readonly geometry: ConvGeometry
      readonly x: Image
      readonly weight: Dense
      readonly packed: boolean
      readonly y: Image
      readonly epilogue: Epilogue | null
    }
  /** Prepacks a convolution weight for the algorithm; the packed size is packedConvBytes(...). */
  | {
      readonly op: 'packConv'
      readonly algorithm: ConvAlgorithm
      readonly geometry: ConvGeometry
      readonly outChannels: number
      readonly inChannels: number
      readonly source: Dense
      readonly target: Dense
    }
  /** dx from dy and weight; nhwc. `dx` is overwritten. */
  | {
      readonly op: 'conv2dInputGrad'
      readonly algorithm: ConvAlgorithm
      readonly geometry: ConvGeometry
      readonly dy: Image
      readonly weight: Dense
      readonly dx: Image
      readonly epilogue: Epilogue | null
    }
  /** dw [out, in / groups, kh, kw] from x and dy; nhwc. */
  | {
      readonly op: 'conv2dWeightGrad'
      readonly algorithm: ConvAlgorithm
      readonly geometry: ConvGeometry
      readonly x: Image
      readonly dy: Image
      readonly dw: Dense
    }
  /** Values (float32) and positions (int32, dense, like y) of window maxima; either may be absent. Padding is top, left. */
  | {
      readonly op: 'maxPool2d'
      readonly layout: Layout
      readonly geometry: Omit<ConvGeometry, 'groups'>
      readonly x: Image
      readonly y: Image
      readonly values: boolean
      readonly indices: Dense | null
    }
  /**
   * Images handed from stage to stage, so many rows of the last one's result at a time: `x` of each stage but the first
   * is `y` of the one before, of which no more than the rows that are about to be read is kept.
   */
  | { readonly op: 'chain'; readonly rows: number; readonly stages: readonly ChainStage[] }
  | {
      readonly op: 'poolGather'
      readonly layout: Layout
      readonly x: Image
      readonly indices: Dense
      readonly y: Image
    }
  | {
      readonly op: 'poolScatter'
      readonly layout: Layout
      readonly y: Image
      readonly indices: Dense
      readonly x: Image
    }
  /** Over x seen as [outer, taps.inSize, inner]; float32. */
  | {
      readonly op: 'resample'
      readonly outer: number
      readonly inner: number
      readonly taps: Taps
      readonly x: Dense
      readonly y: Dense
    }
  /** Over x seen as [outer, size, inner]. For argMax, cumArgMax and argSort y is int32. */
  | {
      readonly op: 'argMax' | 'cumSum' | 'cumArgMax' | 'argSort'
      readonly outer: number
      readonly size: number
      readonly inner: number
      readonly descending: boolean
      readonly x: Dense
      readonly y: Dense
    }
  /**
   * dims: the shape of index; xDims: the shape of x; both of one rank. Indices out of range give NaN, or 0 in integers,
   * and a fault of the run, which calls the operation by its name.
   */
  | {
      readonly op: 'gather'
      readonly name: string
      readonly axis: number
      readonly dims: readonly number[]
      readonly xDims: readonly number[]
      readonly x: Dense
      readonly index: Dense
      readonly y: Dense
    }
  /**
   * `y` already holds the base; adds source (shape dims) into it (shape yDims). Results do not depend on threads. Indices
   * out of range add nothing, and are a fault of the run.
   */
  | {
      readonly op: 'scatterAdd'
      readonly name: string
      readonly axis: number
      readonly dims: readonly number[]
      readonly yDims: readonly number[]
      readonly index: Dense
      readonly source: Dense
      readonly y: Dense
    }
  | { readonly op: 'random'; readonly size: number; readonly key: Dense; readonly y: Dense }
  /** y[outer, i, inner] = start + step * i. */
  | {
      readonly op: 'iota'
      readonly outer: number
      readonly size: number
      readonly inner: number
      readonly start: number
      readonly step: number
      readonly y: Dense
    }

/** What can be computed a band of rows at a time: convolutions, and poolings of nhwc images with no positions. */
export type ChainStage = Extract<Instruction, { readonly op: 'conv2d' | 'maxPool2d' }>
