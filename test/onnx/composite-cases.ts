import type { CompositeKind } from '../../src/graph/composite.ts'
import type { Shape } from '../../src/graph/shape.ts'
import { BatchNorm2d, F, InstanceNorm2d, type Module } from '../../src/nn/index.ts'
import { type Tensor, tensor } from '../../src/tensor/index.ts'

export interface ExportCase {
  readonly name: string
  /** Of the inputs, the first dimension being the batch. */
  readonly inputs: readonly Shape[]
  readonly forward: (...inputs: Tensor[]) => Tensor | Tensor[]
  /** An operator that must be written. */
  readonly op: string
  /** The first operator set that has it. */
  readonly opset?: number
  /** What is exported in training instead of `forward`. */
  readonly network?: () => Module
  /** The largest difference allowed, over the largest value; 2e-6 unless given. */
  readonly bound?: number
}

/** Weights that a test can tell apart. */
export function pattern(shape: Shape, scale = 1, offset = 0): Tensor {
  const size = shape.reduce((a, b) => a * b, 1)
  return tensor(
    Float32Array.from({ length: size }, (_, i) => offset + scale * Math.sin(1 + 1.7 * i)),
    shape,
  )
}

const image: readonly Shape[] = [[2, 4, 6, 8]]

const one = (
  name: string,
  op: string,
  forward: (x: Tensor) => Tensor | Tensor[],
  more: Partial<ExportCase> = {},
): ExportCase => ({ name, op, inputs: image, forward: forward as ExportCase['forward'], ...more })

/** For each composed function a case at least. */
export const compositeCases: { readonly [K in CompositeKind]: readonly ExportCase[] } = {
  conv2d: [
    one('with stride, uneven padding and bias', 'Conv', (x) =>
      F.conv2d(x, pattern([6, 4, 3, 3], 0.3), pattern([6]), { stride: [2, 1], padding: [1, 0, 2, 1] }),
    ),
    one('with groups and dilation', 'Conv', (x) =>
      F.conv2d(x, pattern([8, 2, 3, 3], 0.3), null, { groups: 2, dilation: 2, padding: 'same' }),
    ),
    one('along one axis', 'Conv', (x) => F.conv1d(x.flatten(2), pattern([3, 4, 5], 0.3), pattern([3]))),
  ],
  convTranspose2d: [
    one('with stride and output padding', 'ConvTranspose', (x) =>
      F.convTranspose2d(x, pattern([4, 3, 3, 3], 0.3), pattern([3]), {
        stride: 2,
        padding: 1,
        outputPadding: 1,
      }),
    ),
    one('with groups and no bias', 'ConvTranspose', (x) =>
      F.convTranspose2d(x, pattern([4, 2, 3, 2], 0.3), null, { groups: 2, stride: [3, 2] }),
    ),
    one('with more output padding than padding', 'ConvTranspose', (x) =>
      F.convTranspose2d(x, pattern([4, 2, 2, 2], 0.3), null, { stride: 3, outputPadding: 2 }),
    ),
  ],
  linear: [
    one('of a matrix', 'Gemm', (x) => F.linear(x.flatten(1), pattern([5, 192], 0.1), pattern([5]))),
    one('of the last axis', 'MatMul', (x) => F.linear(x, pattern([5, 8], 0.3), pattern([5]))),
  ],
  batchNorm: [
    one('with weight and bias', 'BatchNormalization', (x) =>
      F.batchNorm(x, {
        weight: pattern([4]),
        bias: pattern([4]),
        runningMean: pattern([4], 0.1),
        runningVar: pattern([4], 0.3, 1),
        eps: 1e-3,
      }),
    ),
    one('of vectors, without', 'BatchNormalization', (x) =>
      F.batchNorm(x.flatten(1), { runningMean: pattern([192], 0.1), runningVar: pattern([192], 0.3, 1) }),
    ),
  ],
  batchNormTraining: [
    one(
      'by the batch',
      'BatchNormalization',
      (x) => F.batchNorm(x, { weight: pattern([4]), training: true }),
      { opset: 14 },
    ),
  ],
  runningStatistics: [
    {
      ...one('with momentum', 'BatchNormalization', (x) => x, { opset: 14 }),
      network: () => new BatchNorm2d(4, { momentum: 0.3 }),
    },
    {
      ...one('of each image, by primitives', 'GlobalAveragePool', (x) => x),
      network: () => new InstanceNorm2d(4, { trackRunningStats: true }),
    },
  ],
  groupNorm: [
    one('before opset 21', 'InstanceNormalization', (x) =>
      F.groupNorm(x, 2, { weight: pattern([4]), bias: pattern([4]) }),
    ),
    one(
      'from opset 21 on',
      'GroupNormalization',
      (x) => F.groupNorm(x, 2, { weight: pattern([4]), eps: 0.01 }),
      {
        opset: 21,
      },
    ),
  ],
  layerNorm: [
    one(
      'over two axes',
      'LayerNormalization',
      (x) => F.layerNorm(x, [6, 8], { weight: pattern([6, 8]), bias: pattern([6, 8]) }),
      { opset: 17 },
    ),
    one('without weights', 'LayerNormalization', (x) => F.layerNorm(x, 8), { opset: 17 }),
  ],
  instanceNorm: [
    one('with weight and bias', 'InstanceNormalization', (x) =>
      F.instanceNorm(x, { weight: pattern([4]), bias: pattern([4]) }),
    ),
  ],
  localResponseNorm: [
    one('of three channels', 'LRN', (x) => F.localResponseNorm(x, 3, { alpha: 0.1, beta: 0.5, k: 2 })),
    one('of an even number, by primitives', 'Transpose', (x) => F.localResponseNorm(x, 2, { alpha: 0.1 })),
  ],
  l2Normalize: [
    one('of channels', 'ReduceL2', (x) => F.normalize(x)),
    one('of zeros, along the last axis', 'ReduceL2', (x) => F.normalize(x.mul(0), { axis: -1, eps: 0.1 })),
  ],
  mean: [
    one('over space', 'GlobalAveragePool', (x) => x.mean([2, 3])),
    one('over space, kept', 'GlobalAveragePool', (x) => F.adaptiveAvgPool2d(x, 1)),
    one('over channels', 'ReduceMean', (x) => x.mean(1)),
  ],
  minimumOver: [one('over space', 'ReduceMin', (x) => x.amin([2, 3]))],
  softmax: [one('over channels', 'Softmax', (x) => F.softmax(x.mul(5), 1))],
  logSoftmax: [one('over the last axis', 'LogSoftmax', (x) => F.logSoftmax(x.mul(5), -1))],
  cumulativeMaximum: [
    one('down', 'Max', (x) => x.cummax(2).values),
    one('from the right', 'Slice', (x) => x.flip(3).cummax(3).values.flip(3)),
  ],
  indexSelect: [
    one('of channels', 'Gather', (x) => x.indexSelect(1, tensor(Int32Array.of(3, 0, 3)))),
    one('of rows by a computed index', 'Gather', (x) =>
      F.embedding(x.abs().mul(10).remainder(5).to('int32'), pattern([5, 3])),
    ),
  ],
  avgPool2d: [
    one('with padding counted', 'AveragePool', (x) => F.avgPool2d(x, 3, { stride: 2, padding: 1 })),
    one('with padding left out', 'AveragePool', (x) =>
      F.avgPool2d(x, 3, { stride: 2, padding: 1, countIncludePad: false, ceilMode: true }),
    ),
    one('with a divisor', 'AveragePool', (x) => F.avgPool2d(x, [2, 3], { divisorOverride: 5 })),
    one('with windows beyond the edge, by primitives', 'MatMul', (x) =>
      F.avgPool2d(x, 3, { stride: 2, padding: [1, 0], ceilMode: true }),
    ),
  ],
  adaptiveAvgPool2d: [
    one('in even windows', 'AveragePool', (x) => F.adaptiveAvgPool2d(x, [3, 2])),
    one('in uneven windows, by primitives', 'MatMul', (x) => F.adaptiveAvgPool2d(x, [4, 5])),
  ],
  resize: [
    one('to the nearest', 'Resize', (x) => F.interpolate(x, { scaleFactor: 2 })),
    one('to the nearest, exactly', 'Resize', (x) =>
      F.interpolate(x, { scaleFactor: 3, mode: 'nearestExact' }),
    ),
    one('to the nearest by a fraction, by picking', 'Gather', (x) => F.interpolate(x, { size: [7, 5] })),
    one('linearly', 'Resize', (x) => F.interpolate(x, { size: [9, 4], mode: 'bilinear' })),
    one('linearly by a fraction that no float holds', 'Resize', (x) =>
      F.interpolate(x.slice(null, null, null, { stop: 7 }), { size: [14, 13], mode: 'bilinear' }).narrow(
        3,
        0,
        13,
      ),
    ),
    one('linearly by a factor', 'Resize', (x) =>
      F.interpolate(x, { scaleFactor: [1.7, 0.6], mode: 'bilinear' }),
    ),
    one('linearly between corners', 'Resize', (x) =>
      F.interpolate(x, { size: [11, 15], mode: 'bilinear', alignCorners: true }),
    ),
    one('cubically', 'Resize', (x) => F.interpolate(x, { size: [9, 20], mode: 'bicubic' })),
    one('with antialiasing, by products', 'MatMul', (x) =>
      F.interpolate(x, { size: [3, 4], mode: 'bicubic', antialias: true }),
    ),
  ],
  padMirrored: [
    one('reflected', 'Pad', (x) => F.pad(x, [1, 2, 3, 0], { mode: 'reflect' })),
    one('replicated', 'Pad', (x) => F.pad(x, [1, 2, 3, 0], { mode: 'replicate' })),
    one('around a circle, by picking', 'Gather', (x) => F.pad(x, [1, 2], { mode: 'circular' })),
  ],
  pixelShuffle: [
    one('by 2', 'DepthToSpace', (x) => F.pixelShuffle(x, 2)),
    one('back, by primitives', 'Transpose', (x) => F.pixelUnshuffle(x, 2)),
  ],
  gridSample: [
    ...(['bilinear', 'nearest', 'bicubic'] as const).map((mode) =>
      one(mode, 'GridSample', (x) => F.gridSample(x, gridOf(x), { mode, paddingMode: 'border' }), {
        opset: 16,
        bound: 1e-5,
      }),
    ),
    one(
      'between corners, reflected',
      'GridSample',
      (x) => F.gridSample(x, gridOf(x), { alignCorners: true, paddingMode: 'reflection' }),
      { opset: 20, bound: 1e-5 },
    ),
    one('by primitives', 'Floor', (x) => F.gridSample(x, gridOf(x)), { bound: 1e-5 }),
  ],
  clip: [
    one('relu6', 'Clip', (x) => F.relu6(x.mul(5))),
    one('hardtanh', 'Clip', (x) => F.hardtanh(x, -0.5, 0.25)),
    one('below', 'Clip', (x) => x.clamp(undefined, 0.3)),
  ],
  leakyRelu: [one('with a slope', 'LeakyRelu', (x) => F.leakyRelu(x, 0.1))],
  prelu: [
    one('of channels', 'PRelu', (x) => F.prelu(x, pattern([4]))),
    one('with one slope', 'PRelu', (x) => F.prelu(x, pattern([1]))),
  ],
  elu: [one('with alpha', 'Elu', (x) => F.elu(x, 0.7))],
  selu: [one('plain', 'Selu', (x) => F.selu(x))],
  celu: [one('with alpha', 'Celu', (x) => F.celu(x, 0.7))],
  gelu: [
    one('exact', 'Gelu', (x) => F.gelu(x), { opset: 20 }),
    one('by the hyperbolic tangent', 'Gelu', (x) => F.gelu(x, { approximate: 'tanh' }), { opset: 20 }),
    one('by primitives', 'Erf', (x) => F.gelu(x)),
  ],
  softplus: [
    one('plain', 'Softplus', (x) => F.softplus(x.mul(10))),
    one('with beta, by primitives', 'Where', (x) => F.softplus(x, { beta: 2 })),
  ],
  softsign: [one('plain', 'Softsign', (x) => F.softsign(x))],
  hardSigmoid: [one('plain', 'HardSigmoid', (x) => F.hardSigmoid(x.mul(4)))],
  hardSwish: [
    one('plain', 'HardSwish', (x) => F.hardSwish(x.mul(4)), { opset: 14 }),
    one('before opset 14', 'HardSigmoid', (x) => F.hardSwish(x.mul(4))),
  ],
  mish: [
    one('plain', 'Mish', (x) => F.mish(x), { opset: 18 }),
    one('before opset 18', 'Softplus', (x) => F.mish(x)),
  ],
  softshrink: [one('with lambda', 'Shrink', (x) => F.softshrink(x, 0.3))],
  hardshrink: [one('with lambda', 'Shrink', (x) => F.hardshrink(x, 0.3))],
  // What is dropped is random: of ones only the zeros and the scale can be told.
  dropout: [
    one('of much', 'Dropout', (x) => F.dropout(x.mul(0), 0.5)),
    one('of everything, by primitives', 'Mul', (x) => F.dropout(x, 1)),
  ],
}

/** Positions within and a little beyond the image, none of them halfway between pixels. */
function gridOf(x: Tensor): Tensor {
  const n = x.shape[0]!
  const theta = tensor([
    [
      [1.13, 0.21, 0.07],
      [-0.17, 0.93, -0.11],
    ],
  ]).expand(n, 2, 3)
  return F.affineGrid(theta, [n, 4, 5, 7])
}
