import type { DType } from './dtype.ts'
import type { Shape } from './shape.ts'
import type { Storage } from './storage.ts'

/** Order of the dimensions of images in a spatial op. Convolution weights are always [out, in / groups, kh, kw]. */
export type Layout = 'nchw' | 'nhwc'

/** Height first, then width. */
export type Pair = readonly [number, number]

/** Top, bottom, left, right. */
export type Padding2d = readonly [number, number, number, number]

export interface Conv2dAttrs {
  readonly stride: Pair
  readonly padding: Padding2d
  readonly dilation: Pair
  readonly groups: number
  readonly layout: Layout
}

export interface Pool2dAttrs {
  readonly kernel: Pair
  readonly stride: Pair
  readonly padding: Padding2d
  readonly dilation: Pair
  /** Output height and width; windows reaching past the input see only what is inside. */
  readonly outputSize: Pair
  readonly layout: Layout
}

/**
 * A sparse [outSize, inSize] matrix in compressed rows: output o is the sum over t in
 * offsets[o] .. offsets[o + 1] - 1 of weights[t] * input[indices[t]].
 */
export interface Taps {
  readonly inSize: number
  readonly outSize: number
  readonly offsets: Int32Array
  readonly indices: Int32Array
  readonly weights: Float64Array
  /** Equal keys mean equal matrices. */
  readonly key: string
}

type None = Readonly<Record<never, never>>

export type IdentityAttrs =
  | { readonly role: 'detach' }
  /** A value that must be computed again rather than kept: never merged with its equals. */
  | { readonly role: 'recompute'; readonly tag: number }
  /**
   * Input 0 is the value; the gradient goes to inputs 1.. through `backward`, which is handed the value, too: within a
   * checkpoint the one that is computed again.
   */
  | {
      readonly role: 'custom'
      readonly backward: (gradient: Node, value: Node) => readonly (Node | null)[]
    }

/** The closed list of primitives, each with its parameters. Every table over ops is exhaustive over these keys. */
export interface OpAttrs {
  /** A value given from outside. `persistent` marks parameters and buffers, which change rarely. */
  input: { readonly persistent: boolean }
  full: { readonly shape: Shape; readonly dtype: DType; readonly value: number }
  /** Index along `axis` of a tensor of the given shape, times step, plus start. */
  iota: {
    readonly shape: Shape
    readonly dtype: DType
    readonly axis: number
    readonly start: number
    readonly step: number
  }
  /**
   * Uniform float32 in [0, 1) from Philox4x32-10. The input is int32 [4]: two key words, two high counter words.
   * Element i is word (i mod 4) of the block with counter (i / 4 low, i / 4 high, k2, k3), its top 24 bits over 2^24.
   */
  random: { readonly shape: Shape }

  neg: None
  abs: None
  /** NaN for NaN, else -1, 0 or 1. */
  sign: None
  exp: None
  expm1: None
  log: None
  log1p: None
  sqrt: None
  sin: None
  cos: None
  tanh: None
  sigmoid: None
  erf: None
  floor: None
  /** Half to even, as IEEE and PyTorch. */
  round: None
  relu: None

  add: None
  sub: None
  mul: None
  div: None
  pow: None
  /** NaN if either is NaN. */
  maximum: None
  minimum: None
  /** Takes the sign of the divisor, as Python's %. */
  remainder: None
  equal: None
  less: None
  lessEqual: None

  /** (condition, a, b), all broadcast together. */
  where: None
  cast: { readonly dtype: DType }

  reshape: { readonly shape: Shape }
  /** Output dimension i is input dimension axes[i]. */
  permute: { readonly axes: readonly number[] }
  /** NumPy broadcasting to the shape. */
  expand: { readonly shape: Shape }
  /** Per axis start, stop (exclusive) and step >= 1, all already in range. */
  slice: {
    readonly starts: readonly number[]
    readonly stops: readonly number[]
    readonly steps: readonly number[]
  }
  flip: { readonly axes: readonly number[] }
  /** Per axis elements before, after and between neighbours; all >= 0. */
  pad: {
    readonly before: readonly number[]
    readonly after: readonly number[]
    readonly interior: readonly number[]
    readonly value: number
  }
  concat: { readonly axis: number }

  /** Reduced axes stay with size 1 when keepdim. bool and uint8 sum to int32. */
  reduceSum: { readonly axes: readonly number[]; readonly keepdim: boolean }
  reduceMax: { readonly axes: readonly number[]; readonly keepdim: boolean }
  reduceProd: { readonly axes: readonly number[]; readonly keepdim: boolean }
  /** int32 index of the first largest element (NaN counts as largest); the axis is removed. */
  argMax: { readonly axis: number }
  cumSum: { readonly axis: number }
  /** int32 index of the running maximum, the latest among equals (NaN counts as largest). */
  cumArgMax: { readonly axis: number }
  /** int32 order that sorts the axis; stable, NaN counts as largest. */
  argSort: { readonly axis: number; readonly descending: boolean }

  /** (x, index int32): out[.., i, ..] = x[.., index[.., i, ..], ..]. `name` is what errors about an index call it. */
  gather: { readonly axis: number; readonly name: string }
  /** (base, index int32, source): base plus each source element at its index. Index and source have one shape. */
  scatterAdd: { readonly axis: number; readonly name: string }
  /** A sparse matrix applied along one axis: resizing, average pooling, windowed sums. */
  resample: { readonly axis: number; readonly taps: Taps }

  /** [..., m, k] x [..., k, n] over equal leading dimensions; transposeA: [..., k, m], transposeB: [..., n, k]. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean }
  /** (x, weight). */
  conv2d: Conv2dAttrs
  /** (outputGradient, weight) to the gradient of an input of the given height and width: also transposed convolution. */
  conv2dInputGrad: Conv2dAttrs & { readonly inputSize: Pair }
  /** (x, outputGradient) to the gradient of a weight with the given kernel height and width. */
  conv2dWeightGrad: Conv2dAttrs & { readonly kernelSize: Pair }

  /** int32 position y * width + x of each window's maximum: the first among equals; NaN counts as largest. */
  maxPool2dIndices: Pool2dAttrs
  /** (x, indices): the pixel of its plane that each index names. */
  poolGather: { readonly layout: Layout }
  /** (y, indices): adds each element to the pixel its index names, in planes of the given size. */
  poolScatter: { readonly layout: Layout; readonly inputSize: Pair }

  identity: IdentityAttrs
}

export type Op = keyof OpAttrs

let nextId = 0

/**
 * One recorded operation and its value's shape and dtype. Ids grow with creation, so inputs always have smaller ids.
 * A node with a `storage` is known and counts as a leaf wherever values are computed.
 */
export class Node<O extends Op = Op> {
  readonly id: number = nextId++
  readonly op: O
  readonly attrs: OpAttrs[O]
  readonly shape: Shape
  readonly dtype: DType
  /** Emptied once the value is known and no gradient can be asked through it, so that history is not kept alive. */
  inputs: readonly Node[]
  requiresGrad: boolean
  storage: Storage | undefined
  /** Why this leaf can no longer be read, when its memory was reused by an in-place update. */
  stale: string | undefined
  /** backward() went through it for the last time: its inputs are dropped once its value is known. */
  released = false
  /** The region of activations that are computed again for the gradient instead of being kept. */
  checkpointRegion: number | undefined

  constructor(
    op: O,
    inputs: readonly Node[],
    attrs: OpAttrs[O],
    shape: Shape,
    dtype: DType,
    requiresGrad: boolean,
  ) {
    this.op = op
    this.inputs = inputs
    this.attrs = attrs
    this.shape = shape
    this.dtype = dtype
    this.requiresGrad = requiresGrad
  }
}

/** Narrows a node to one op, so that its attrs are typed. */
export function isOp<O extends Op>(node: Node, op: O): node is Node<O> {
  return node.op === op
}

/** A leaf holding a known value. */
export function inputNode(
  storage: Storage,
  shape: Shape,
  options: { requiresGrad?: boolean; persistent?: boolean } = {},
): Node<'input'> {
  const node = new Node(
    'input',
    [],
    { persistent: options.persistent ?? false },
    shape,
    storage.dtype,
    options.requiresGrad ?? false,
  )
  node.storage = storage
  return node
}
