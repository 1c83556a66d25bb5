import type { CompositeAttrs } from '../../graph/composite.ts'
import type { Node } from '../../graph/node.ts'
import { since } from '../export-opset.ts'
import { type Attributes, float, int, string } from '../model.ts'
import type { CompositeLowering, LoweringContext } from './context.ts'
import { cumulative } from './reduction.ts'

/** A function of one tensor that is one operator with attributes. */
function simple<K extends keyof CompositeAttrs>(
  op: string,
  attributes: (attrs: CompositeAttrs[K]) => Attributes,
  opset = 13,
): CompositeLowering<K> {
  return {
    accepts: ({ inputs }, context) => context.opset >= opset && inputs[0]!.dtype === 'float32',
    lower: ({ attrs, inputs }, context) => context.emit(op, context.values(inputs), attributes(attrs)),
  }
}

const none = (): Attributes => ({})

export const activationComposites: {
  readonly [K in
    | 'clip'
    | 'leakyRelu'
    | 'prelu'
    | 'elu'
    | 'selu'
    | 'celu'
    | 'gelu'
    | 'softplus'
    | 'softsign'
    | 'hardSigmoid'
    | 'hardSwish'
    | 'mish'
    | 'softshrink'
    | 'hardshrink'
    | 'dropout'
    | 'softmax'
    | 'logSoftmax'
    | 'mean'
    | 'minimumOver'
    | 'cumulativeMaximum'
    | 'indexSelect'
    | 'pixelShuffle']: CompositeLowering<K>
} = {
  clip: {
    accepts: ({ inputs }) => inputs[0]!.dtype === 'float32',
    lower: ({ attrs, inputs }, context) => {
      const bound = (value: number | null): string => (value === null ? '' : context.number(value, 'float32'))
      return context.emit('Clip', [context.value(inputs[0]!), bound(attrs.low), bound(attrs.high)])
    },
  },
  leakyRelu: simple<'leakyRelu'>('LeakyRelu', ({ slope }) => ({ alpha: float(slope) })),
  prelu: simple<'prelu'>('PRelu', none),
  elu: simple<'elu'>('Elu', ({ alpha }) => ({ alpha: float(alpha) })),
  selu: simple<'selu'>('Selu', none),
  celu: simple<'celu'>('Celu', ({ alpha }) => ({ alpha: float(alpha) })),
  gelu: simple<'gelu'>('Gelu', ({ approximate }) => ({ approximate: string(approximate) }), since.gelu),
  softplus: simple<'softplus'>('Softplus', none),
  softsign: simple<'softsign'>('Softsign', none),
  hardSigmoid: simple<'hardSigmoid'>('HardSigmoid', () => ({ alpha: float(1 / 6), beta: float(0.5) })),
  hardSwish: simple<'hardSwish'>('HardSwish', none, since.hardSwish),
  mish: simple<'mish'>('Mish', none, since.mish),
  softshrink: simple<'softshrink'>('Shrink', ({ lambda }) => ({ lambd: float(lambda), bias: float(lambda) })),
  hardshrink: simple<'hardshrink'>('Shrink', ({ lambda }) => ({ lambd: float(lambda), bias: float(0) })),
  dropout: {
    accepts: ({ attrs }) => attrs.probability < 1,
    lower: ({ attrs, inputs }, context) => {
      const ratio = context.number(attrs.probability, 'float32')
      return context.emit('Dropout', [context.value(inputs[0]!), ratio, context.number(1, 'bool')])
    },
  },

  softmax: simple<'softmax'>('Softmax', ({ axis }) => ({ axis: int(axis) })),
  logSoftmax: simple<'logSoftmax'>('LogSoftmax', ({ axis }) => ({ axis: int(axis) })),
  mean: {
    accepts: ({ attrs, inputs }) => inputs[0]!.dtype === 'float32' && attrs.axes.length > 0,
    lower: ({ attrs, inputs }, context) => {
      const [x] = inputs as [Node]
      const { axes, keepdim } = attrs
      const value = context.value(x)
      const space = x.shape.slice(2).map((_, i) => i + 2)
      const overSpace =
        space.length > 0 && axes.length === space.length && axes.every((axis, i) => axis === space[i])
      if (!overSpace || space.length !== 2) {
        return context.reduce('ReduceMean', value, axes, keepdim, since.reductionAxesInput)
      }
      const pooled = context.emit('GlobalAveragePool', [value])
      return keepdim ? pooled : context.emit('Flatten', [pooled], { axis: int(1) })
    },
  },
  minimumOver: {
    accepts: ({ attrs, inputs }) =>
      (inputs[0]!.dtype === 'float32' || inputs[0]!.dtype === 'int32') && attrs.axes.length > 0,
    lower: ({ attrs, inputs }, context) =>
      context.reduce(
        'ReduceMin',
        context.value(inputs[0]!),
        attrs.axes,
        attrs.keepdim,
        since.reductionAxesInput,
      ),
  },
  cumulativeMaximum: {
    accepts: ({ inputs }) => inputs[0]!.dtype === 'float32' || inputs[0]!.dtype === 'int32',
    lower: ({ attrs, inputs }, context) => cumulative(context, inputs[0]!, attrs.axis).values(),
  },
  indexSelect: {
    lower: ({ attrs, inputs }, context) => gather(context, inputs, attrs.axis),
  },
  pixelShuffle: {
    accepts: ({ inputs }) => inputs[0]!.shape.length === 4,
    lower: ({ attrs, inputs }, context) =>
      context.emit('DepthToSpace', context.values(inputs), {
        blocksize: int(attrs.factor),
        mode: string('CRD'),
      }),
  },
}

function gather(context: LoweringContext, inputs: readonly (Node | null)[], axis: number): string {
  return context.emit('Gather', context.values(inputs), { axis: int(axis) })
}
