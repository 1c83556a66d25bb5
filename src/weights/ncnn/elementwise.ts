import { float } from '../../onnx/model.ts'
import type { Blob } from '../layers/graph.ts'
import {
  alongAxis,
  binary,
  clip,
  combine,
  elementwise,
  exponential,
  hardSigmoid,
  hardSwish,
  logarithm,
  mish,
  power,
  relu,
  reshape,
  swish,
} from '../layers/operators.ts'
import { channelParts, each, type Kind, type NcnnLayer, positive } from './kind.ts'

/** BinaryOp by number; the second half swaps its operands. */
const binaryOps = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'Sub', 'Div', 'Pow']
const firstSwapped = 7

function binaryOp(layer: NcnnLayer): Blob[] {
  const kind = layer.params.int(0, 0)
  const op = binaryOps[kind] ?? layer.fail(`is of kind ${kind}, which is not supported`)
  let a: Blob | string = layer.input()
  let b: Blob | string
  let shape = a.shape
  if (layer.params.int(1, 0) !== 0) {
    b = layer.scalar(layer.params.number(2, 0))
  } else {
    const second = layer.input(1)
    const rank = Math.max(a.shape.length, second.shape.length)
    const [first, other] = [spread(layer, a, second, rank), spread(layer, second, a, rank)]
    ;[a, b] = [first, other]
    shape = first.shape.map((extent, i) => {
      const more = other.shape[i]!
      return extent === 1 ? more : more === 1 || more === extent ? extent : (extent ?? more)
    })
  }
  return [layer.add(op, kind >= firstSwapped ? [b, a] : [a, b], shape)]
}

/** A blob with as many dimensions as the other: new ones come last, but before a vector that fits only there. */
function spread(layer: NcnnLayer, x: Blob, other: Blob, rank: number): Blob {
  const missing = rank - x.shape.length
  if (missing === 0) return x
  const extents = x.shape.slice(1)
  const ones = Array<number>(missing).fill(1)
  const last =
    extents.length === 1 && extents[0] !== null && other.shape[1] !== null && extents[0] !== other.shape[1]
  const shape = last ? [x.shape[0]!, ...ones, ...extents] : [x.shape[0]!, ...extents, ...ones]
  if (extents.filter((extent) => extent === null).length > 1) {
    layer.fail('combines blobs whose sizes the file does not say')
  }
  return reshape(layer, x, [0, ...shape.slice(1).map((extent) => extent ?? -1)], shape)
}

const unaryOps: Readonly<Record<number, string>> = {
  0: 'Abs',
  1: 'Neg',
  2: 'Floor',
  3: 'Ceil',
  5: 'Sqrt',
  7: 'Exp',
  8: 'Log',
  9: 'Sin',
  10: 'Cos',
  11: 'Tan',
  12: 'Asin',
  13: 'Acos',
  14: 'Atan',
  15: 'Reciprocal',
  16: 'Tanh',
  18: 'Round',
  20: 'Sign',
  22: 'Sinh',
  23: 'Asinh',
  24: 'Cosh',
  25: 'Acosh',
  26: 'Atanh',
}

function unaryOp(layer: NcnnLayer, x: Blob): Blob {
  const kind = layer.params.int(0, 0)
  if (kind === 4) return binary(layer, 'Mul', x, x)
  if (kind === 6) return elementwise(layer, 'Reciprocal', elementwise(layer, 'Sqrt', x))
  if (kind === 17) return logarithm(layer, x, 10, 1, 0)
  return elementwise(layer, unaryOps[kind] ?? layer.fail(`is of kind ${kind}, which is not supported`), x)
}

/** Gaussian error linear unit, by the error function or by its approximation with tanh. */
function gelu(layer: NcnnLayer, x: Blob): Blob {
  const inner =
    layer.params.int(0, 0) === 0
      ? elementwise(layer, 'Erf', power(layer, x, 1, Math.SQRT1_2, 0))
      : elementwise(
          layer,
          'Tanh',
          power(
            layer,
            binary(layer, 'Add', x, power(layer, power(layer, x, 3, 1, 0), 1, 0.044715, 0)),
            1,
            Math.sqrt(2 / Math.PI),
            0,
          ),
        )
  return binary(layer, 'Mul', x, power(layer, inner, 1, 0.5, 0.5))
}

export const elementwiseKinds: Readonly<Record<string, Kind>> = {
  AbsVal: each((layer, x) => elementwise(layer, 'Abs', x)),
  BNLL: each((layer, x) => elementwise(layer, 'Softplus', x)),
  Bias: {
    parts: ({ params }, fail) =>
      channelParts(positive(params.int(0, 0), 'the number of biases', fail), ['bias']),
    translate: (layer) => [
      alongAxis(layer, 'Add', layer.input(), layer.weight('bias'), layer.weightShape('bias'), 1),
    ],
  },
  BinaryOp: { translate: binaryOp },
  CELU: each((layer, x) => elementwise(layer, 'Celu', x, { alpha: float(layer.params.number(0, 1)) })),
  Clip: each((layer, x) =>
    clip(
      layer,
      x,
      layer.params.number(0, Number.NEGATIVE_INFINITY),
      layer.params.number(1, Number.POSITIVE_INFINITY),
    ),
  ),
  Dropout: each((layer, x) => power(layer, x, 1, layer.params.number(0, 1), 0)),
  ELU: each((layer, x) => elementwise(layer, 'Elu', x, { alpha: float(layer.params.number(0, 0.1)) })),
  Eltwise: {
    translate: (layer) => {
      const kind = layer.params.int(0, 0)
      const op =
        (['Mul', 'Add', 'Max'] as const)[kind] ?? layer.fail(`is of kind ${kind}, which is not supported`)
      return [combine(layer, op, layer.params.list(1))]
    },
  },
  Erf: each((layer, x) => elementwise(layer, 'Erf', x)),
  Exp: each((layer, x) =>
    exponential(layer, x, layer.params.number(0, -1), layer.params.number(1, 1), layer.params.number(2, 0)),
  ),
  GELU: each(gelu),
  HardSigmoid: each((layer, x) =>
    hardSigmoid(layer, x, layer.params.number(0, 0.2), layer.params.number(1, 0.5)),
  ),
  HardSwish: each((layer, x) =>
    hardSwish(layer, x, layer.params.number(0, 0.2), layer.params.number(1, 0.5)),
  ),
  Log: each((layer, x) =>
    logarithm(layer, x, layer.params.number(0, -1), layer.params.number(1, 1), layer.params.number(2, 0)),
  ),
  Mish: each(mish),
  Noop: each((_, x) => x),
  PReLU: {
    parts: ({ params }, fail) =>
      channelParts(positive(params.int(0, 0), 'the number of slopes', fail), ['weight']),
    translate: (layer) => {
      const x = layer.input()
      const [slopes] = layer.weightShape('weight') as [number]
      const ones = Array<number>(x.shape.length - 2).fill(1)
      const slope = layer.weight('weight')
      if (ones.length === 0 || slopes === 1) return [layer.add('PRelu', [x, slope], x.shape)]
      const shaped = layer.add('Reshape', [slope, layer.list([slopes, ...ones])], [slopes, ...ones])
      return [layer.add('PRelu', [x, shaped], x.shape)]
    },
  },
  Power: each((layer, x) =>
    power(layer, x, layer.params.number(0, 1), layer.params.number(1, 1), layer.params.number(2, 0)),
  ),
  ReLU: each((layer, x) => relu(layer, x, layer.params.number(0, 0))),
  SELU: each((layer, x) =>
    elementwise(layer, 'Selu', x, {
      alpha: float(layer.params.number(0, 1.67326324)),
      gamma: float(layer.params.number(1, 1.050700987)),
    }),
  ),
  Scale: {
    parts: ({ params }, fail) => {
      const size = params.int(0, 0)
      // -233 announces a second blob to multiply by.
      if (size === -233) return []
      const names = params.int(1, 0) === 0 ? ['weight'] : ['weight', 'bias']
      return channelParts(positive(size, 'the number of factors', fail), names)
    },
    translate: (layer) => {
      const x = layer.input()
      if (!layer.has('weight')) {
        const factor = spread(layer, layer.input(1), x, x.shape.length)
        return [binary(layer, 'Mul', x, factor)]
      }
      const y = alongAxis(layer, 'Mul', x, layer.weight('weight'), layer.weightShape('weight'), 1)
      if (!layer.has('bias')) return [y]
      return [alongAxis(layer, 'Add', y, layer.weight('bias'), layer.weightShape('bias'), 1)]
    },
  },
  Sigmoid: each((layer, x) => elementwise(layer, 'Sigmoid', x)),
  Softplus: each((layer, x) => elementwise(layer, 'Softplus', x)),
  Split: { translate: (layer) => Array<Blob>(layer.outputs).fill(layer.input()) },
  Swish: each((layer, x) => swish(layer, x)),
  TanH: each((layer, x) => elementwise(layer, 'Tanh', x)),
  UnaryOp: each(unaryOp),
}
