import type { Op } from '../../src/graph/node.ts'
import * as g from '../../src/graph/ops/index.ts'
import { rand, type Tensor, where } from '../../src/tensor/index.ts'
import { wrap } from '../../src/tensor/tensor.ts'
import { type ExportCase, pattern } from './composite-cases.ts'

const image = [[2, 4, 6, 8]] as const

const one = (
  name: string,
  op: string,
  forward: (x: Tensor) => Tensor | Tensor[],
  more: Partial<ExportCase> = {},
): ExportCase => ({ name, op, inputs: image, forward: forward as ExportCase['forward'], ...more })

/** Some that are equal to one another, some beyond 0 and 1. */
const int = (x: Tensor): Tensor => x.mul(10).to('int32')
const byte = (x: Tensor): Tensor => x.abs().mul(200).to('uint8')
const truth = (x: Tensor): Tensor => x.gt(0.2)
const positive = (x: Tensor): Tensor => x.abs().add(0.1)

/** For each primitive a case at least; null for those that no forward pass has. */
export const primitiveCases: { readonly [O in Op]: readonly ExportCase[] | null } = {
  input: [one('as an output', 'Identity', (x) => [x, x, pattern([3])])],
  full: [
    one('of the batch', 'Expand', (x) => wrap(g.concat([x.node, g.full(x.shape, 2)], 1))),
    one('fixed', 'Concat', (x) => wrap(g.concat([x.select(0, 0).node, g.full([1, 6, 8], 2)], 0))),
  ],
  iota: [
    one('along the batch', 'Range', (x) =>
      wrap(g.cast(g.iota([...x.shape], 0, 'int32', 3, 2), 'float32')).add(x),
    ),
    one('fixed', 'Add', (x) => x.add(wrap(g.iota([6, 8], 1, 'float32', 1, 0.5)))),
  ],
  random: [one('uniform', 'RandomUniformLike', (x) => rand(x.shape).ge(0).float())],

  neg: [one('float', 'Neg', (x) => x.neg()), one('int32', 'Neg', (x) => int(x).neg())],
  abs: [one('float', 'Abs', (x) => x.abs())],
  sign: [one('float', 'Sign', (x) => x.sign()), one('int32', 'Sign', (x) => int(x).sign())],
  exp: [one('float', 'Exp', (x) => x.exp())],
  expm1: [one('float', 'Sinh', (x) => [x.expm1(), x.mul(1e-4).expm1()])],
  log: [one('float', 'Log', (x) => positive(x).log())],
  log1p: [one('float', 'Log', (x) => [positive(x).log1p(), x.mul(1e-5).log1p(), x.mul(0).log1p()])],
  sqrt: [one('float', 'Sqrt', (x) => positive(x).sqrt())],
  sin: [one('float', 'Sin', (x) => x.sin())],
  cos: [one('float', 'Cos', (x) => x.cos())],
  tanh: [one('float', 'Tanh', (x) => x.tanh())],
  sigmoid: [one('float', 'Sigmoid', (x) => x.sigmoid())],
  erf: [one('float', 'Erf', (x) => x.erf())],
  floor: [one('float', 'Floor', (x) => x.mul(5).floor()), one('int32', 'Cast', (x) => int(x).floor())],
  round: [one('half to even', 'Round', (x) => x.mul(4).round().div(2).round())],
  relu: [one('float', 'Relu', (x) => x.relu()), one('int32', 'Relu', (x) => int(x).relu(), { opset: 14 })],

  add: [
    one('bytes', 'Add', (x) => byte(x).add(byte(x.flip(3)))),
    one('broadcast', 'Add', (x) => x.add(pattern([6, 1]))),
  ],
  sub: [one('float', 'Sub', (x) => x.sub(x.flip(2)))],
  mul: [one('int32', 'Mul', (x) => int(x).mul(int(x)))],
  div: [one('int32 to float', 'Div', (x) => int(x).div(3))],
  pow: [one('float', 'Pow', (x) => positive(x).pow(1.7))],
  maximum: [
    one('float', 'Max', (x) => x.maximum(x.flip(2))),
    one('truth', 'Or', (x) => truth(x).logicalOr(truth(x.flip(3)))),
  ],
  minimum: [
    one('int32', 'Min', (x) => int(x).minimum(3)),
    one('truth', 'And', (x) => truth(x).logicalAnd(truth(x.flip(3)))),
  ],
  remainder: [
    one('int32', 'Mod', (x) => int(x).remainder(3)),
    one('float', 'Mod', (x) => [x.remainder(0.3), x.remainder(-0.3)]),
  ],
  equal: [
    one('int32', 'Equal', (x) => int(x).eq(3)),
    one('truth', 'Not', (x) => truth(x).logicalNot()),
    one('bytes', 'Equal', (x) => byte(x).eq(byte(x.flip(3)))),
  ],
  less: [one('float', 'Less', (x) => x.lt(0.1))],
  lessEqual: [one('int32', 'LessOrEqual', (x) => int(x).le(2))],
  where: [
    one('float', 'Where', (x) => where(truth(x), x, -1)),
    one('truth', 'Where', (x) => wrap(g.where(truth(x).node, truth(x.flip(2)).node, truth(x.flip(3)).node))),
  ],
  cast: [
    one('to int32', 'Cast', (x) => x.mul(10).to('int32')),
    one('to truth', 'Cast', (x) => int(x).to('bool')),
    one('from truth', 'Cast', (x) => truth(x).float()),
  ],

  reshape: [
    one('with the batch first', 'Reshape', (x) => x.flatten(1)),
    one('with the batch within', 'Reshape', (x) => x.reshape(4, x.shape[0]!, 48)),
    one('with the batch in two places', 'Reshape', (x) =>
      wrap(g.expand(x.reshape(1, x.size).node, [x.shape[0]!, x.size])).reshape(
        4,
        x.shape[0]!,
        6,
        x.shape[0]!,
        8,
      ),
    ),
    one('to one axis', 'Reshape', (x) => x.reshape(x.size)),
  ],
  permute: [one('with the batch', 'Transpose', (x) => x.permute(3, 0, 2, 1))],
  expand: [
    one('along an axis', 'Expand', (x) =>
      wrap(g.concat([x.narrow(1, 0, 1).expand(x.shape).node, x.node], 1)),
    ),
    one('to the batch', 'Expand', (x) =>
      wrap(g.concat([pattern([1, 1, 6, 8]).expand(x.shape).node, x.node], 1)),
    ),
  ],
  slice: [
    one('with steps', 'Slice', (x) =>
      x.slice(null, { start: 1 }, { start: 1, stop: 6, step: 2 }, { step: 3 }),
    ),
    one('of the batch', 'Slice', (x) => x.slice({ stop: 1 })),
  ],
  flip: [one('of two axes', 'Slice', (x) => x.flip([1, 3]))],
  pad: [
    one('with a value', 'Pad', (x) => wrap(g.pad(x.node, [0, 1, 0, 2], [0, 0, 3, 1], 0.5))),
    one('between elements', 'Pad', (x) => wrap(g.pad(x.node, [0, 0, 1, 0], [0, 0, 0, 0], 0.5, [0, 0, 2, 1]))),
    one('of truth', 'Pad', (x) => wrap(g.pad(truth(x).node, [0, 1, 0, 2], [0, 0, 3, 1], 1))),
    one('of int32', 'Pad', (x) => wrap(g.pad(int(x).node, [0, 1, 0, 2], [0, 0, 3, 1], 7))),
  ],
  concat: [one('of channels', 'Concat', (x) => wrap(g.concat([x.node, x.narrow(1, 0, 2).node], 1)))],

  reduceSum: [
    one('float', 'ReduceSum', (x) => [x.sum([1, 3], true), x.abs().sum()]),
    one('truth', 'ReduceSum', (x) => truth(x).sum(2)),
  ],
  reduceMax: [
    one('float', 'ReduceMax', (x) => x.amax([2, 3])),
    one('truth', 'ReduceMax', (x) => truth(x).any(3)),
  ],
  reduceProd: [one('float', 'ReduceProd', (x) => x.prod(1))],
  argMax: [
    one('channels', 'ArgMax', (x) => x.argmax(1)),
    one('first of equals', 'ArgMax', (x) => truth(x).argmax(3)),
  ],
  cumSum: [one('float', 'CumSum', (x) => x.cumsum(2))],
  cumArgMax: [one('the last of equals', 'Range', (x) => int(x).cummax(2).indices)],
  argSort: [
    one('down', 'TopK', (x) => x.argsort(1, true)),
    one('stable', 'TopK', (x) => int(x.mul(0.3)).argsort(3)),
  ],

  gather: [one('computed', 'GatherElements', (x) => x.gather(2, int(x).remainder(6)))],
  scatterAdd: [
    one('computed', 'ScatterElements', (x) => x.scatterAdd(2, int(x).remainder(6), x), {
      opset: 16,
      bound: 1e-5,
    }),
  ],
  resample: [
    one('of channels', 'MatMul', (x) => wrap(g.resample(x.node, 1, g.makeTaps(4, taps)))),
    one('of rows', 'MatMul', (x) => wrap(g.resample(x.narrow(2, 0, 4).node, 2, g.makeTaps(4, taps)))),
    one('of columns', 'MatMul', (x) => wrap(g.resample(x.narrow(3, 0, 4).node, 3, g.makeTaps(4, taps)))),
    one('that picks every second', 'Slice', (x) => wrap(g.resample(x.node, 1, g.makeTaps(4, picks([1, 3]))))),
    one('that picks', 'Gather', (x) => wrap(g.resample(x.node, 1, g.makeTaps(4, picks([3, 0, 0]))))),
  ],

  matmul: [
    one('of matrices', 'MatMul', (x) => x.matmul(x.transpose(2, 3))),
    one('transposed', 'Gemm', (x) => wrap(g.matmul(x.flatten(1).node, pattern([5, 192]).node, false, true)), {
      bound: 1e-5,
    }),
    one('of transposed batches', 'Transpose', (x) => wrap(g.matmul(x.node, x.node, true, false))),
  ],
  conv2d: [
    one('of a computed weight', 'Conv', (x) =>
      wrap(g.conv2d(x.node, x.slice(0, null, { stop: 3 }, { stop: 3 }).node, convolution)),
    ),
  ],
  conv2dInputGrad: [
    one('with rows that stride leaves out', 'ConvTranspose', (x) => {
      const attrs = { ...convolution, stride: [2, 2] as const, padding: [1, 0, 1, 0] as const }
      return wrap(g.conv2dInputGrad(x.node, pattern([4, 2, 3, 3]).node, attrs, [13, 17]))
    }),
  ],
  conv2dWeightGrad: null,

  maxPool2dIndices: [
    one('places', 'MaxPool', (x) => wrap(g.maxPool2dIndices(int(x).float().node, pooling))),
    one('places in images padded before', 'Pad', (x) =>
      wrap(
        g.maxPool2dIndices(x.node, {
          ...pooling,
          kernel: [2, 2],
          dilation: [3, 3],
          padding: [2, 2, 2, 2],
          outputSize: [4, 5],
        }),
      ),
    ),
  ],
  poolGather: [
    one('of the maxima', 'MaxPool', (x) => wrap(g.poolGather(x.node, g.maxPool2dIndices(x.node, pooling)))),
    one('elsewhere', 'GatherElements', (x) =>
      wrap(g.poolGather(x.neg().node, g.maxPool2dIndices(x.node, pooling))),
    ),
  ],
  poolScatter: [
    one(
      'of the maxima',
      'ScatterElements',
      (x) => {
        const indices = g.maxPool2dIndices(x.node, pooling)
        return wrap(g.poolScatter(g.poolGather(x.node, indices), indices, 'nchw', [6, 8]))
      },
      { opset: 16 },
    ),
  ],

  identity: [one('recomputed', 'Add', (x) => wrap(g.recomputed(x.add(1).node, 1)).mul(2))],
}

const convolution = {
  stride: [1, 1],
  padding: [0, 0, 0, 0],
  dilation: [1, 1],
  groups: 1,
  layout: 'nchw',
} as const

const pooling = {
  kernel: [3, 3],
  stride: [2, 2],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  outputSize: [3, 4],
  layout: 'nchw',
} as const

const taps: readonly g.TapRow[] = [
  { indices: [0, 2], weights: [0.25, 0.75] },
  { indices: [], weights: [] },
  { indices: [3, 1, 0], weights: [-1, 2, 0.5] },
]

const picks = (places: readonly number[]): g.TapRow[] =>
  places.map((place) => ({ indices: [place], weights: [1] }))
