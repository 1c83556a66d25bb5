import type { Conv2dAttrs, Node, Pair, Pool2dAttrs } from './node.ts'

type None = Readonly<Record<never, never>>

interface Normalization {
  readonly eps: number
}

/**
 * Functions composed of primitives that other programs know as one operator, with their parameters. Inputs that may be
 * left out are null. Every table over them is exhaustive over these keys.
 */
export interface CompositeAttrs {
  /** (x, weight, bias) */
  conv2d: Conv2dAttrs
  /** (x, weight, bias), the weight [in, out / groups, kh, kw]; the output has the given height and width. */
  convTranspose2d: Conv2dAttrs & { readonly inputSize: Pair }
  /** (x [..., in], weight [out, in], bias) */
  linear: None

  /** (x, weight, bias, running mean, running variance), axis 1 being the channels. */
  batchNorm: Normalization
  /** The same inputs, the running statistics before their update or null, normalized with the batch's own. */
  batchNormTraining: Normalization
  /** The same inputs: the running mean or variance after the update. */
  runningStatistics: Normalization & { readonly which: 'mean' | 'variance'; readonly momentum: number }
  /** (x, weight, bias) for groups of channels. */
  groupNorm: Normalization & { readonly groups: number }
  /** (x, weight, bias) over the axes from `axis` on. */
  layerNorm: Normalization & { readonly axis: number }
  /** (x, weight, bias) over space. */
  instanceNorm: Normalization
  localResponseNorm: {
    readonly size: number
    readonly alpha: number
    readonly beta: number
    readonly k: number
  }
  /** x over its Euclidean norm along an axis, which counts as `eps` at least. */
  l2Normalize: { readonly axis: number; readonly eps: number }

  mean: { readonly axes: readonly number[]; readonly keepdim: boolean }
  minimumOver: { readonly axes: readonly number[]; readonly keepdim: boolean }
  softmax: { readonly axis: number }
  logSoftmax: { readonly axis: number }
  /** Running maximum. */
  cumulativeMaximum: { readonly axis: number }
  /** (x, int32 index [n]) */
  indexSelect: { readonly axis: number }

  /** The mean of windows; a divisor other than the number of elements counted, where one is given. */
  avgPool2d: Omit<Pool2dAttrs, 'layout' | 'dilation'> & {
    readonly countIncludePad: boolean
    readonly divisor: number | null
  }
  /** Means of windows that divide space evenly. */
  adaptiveAvgPool2d: { readonly outputSize: Pair }
  resize: {
    readonly mode: 'nearest' | 'nearestExact' | 'linear' | 'cubic'
    readonly alignCorners: boolean
    readonly outputSize: readonly number[]
    /** Output over input, for each axis of space: what the positions follow. */
    readonly scales: readonly number[]
  }
  /** Amounts for each axis. */
  padMirrored: {
    readonly mode: 'reflect' | 'replicate'
    readonly before: readonly number[]
    readonly after: readonly number[]
  }
  pixelShuffle: { readonly factor: number }
  /** (x, grid) */
  gridSample: {
    readonly mode: 'bilinear' | 'nearest' | 'bicubic'
    readonly paddingMode: 'zeros' | 'border' | 'reflection'
    readonly alignCorners: boolean
  }

  clip: { readonly low: number | null; readonly high: number | null }
  leakyRelu: { readonly slope: number }
  /** (x, slope) */
  prelu: None
  elu: { readonly alpha: number }
  selu: None
  celu: { readonly alpha: number }
  gelu: { readonly approximate: 'none' | 'tanh' }
  softplus: None
  softsign: None
  hardSigmoid: None
  hardSwish: None
  mish: None
  softshrink: { readonly lambda: number }
  hardshrink: { readonly lambda: number }

  dropout: { readonly probability: number }
}

export type CompositeKind = keyof CompositeAttrs

/** What a composed function was asked for; its value is that of the node it is noted for. */
export interface Composite<K extends CompositeKind = CompositeKind> {
  readonly kind: K
  readonly attrs: CompositeAttrs[K]
  readonly inputs: readonly (Node | null)[]
}

let recording: Map<Node, Composite> | undefined

/** Runs fn and returns its result with the composed functions that made nodes in it, by the node of their value. */
export function recordComposites<T>(fn: () => T): { result: T; composites: ReadonlyMap<Node, Composite> } {
  const before = recording
  const composites = new Map<Node, Composite>()
  recording = composites
  try {
    return { result: fn(), composites }
  } finally {
    recording = before
  }
}

/** Something with a node, such as a tensor, or none. */
export type HasNode = { readonly node: Node } | null | undefined

/**
 * Says what composed function has just computed a value, and returns the value. Costs nothing unless composed functions
 * are being recorded. Of functions within functions the outermost with the same value counts.
 */
export function composed<T extends { readonly node: Node }, K extends CompositeKind>(
  value: T,
  kind: K,
  inputs: readonly HasNode[],
  attrs: CompositeAttrs[K],
): T {
  if (recording === undefined) return value
  const nodes = inputs.map((input) => input?.node ?? null)
  // A function that had nothing to do gives its input back.
  if (!nodes.includes(value.node)) recording.set(value.node, { kind, attrs, inputs: nodes })
  return value
}
