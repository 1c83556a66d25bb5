import type { Composite } from '../../graph/composite.ts'
import type { Node } from '../../graph/node.ts'
import { sizeOf } from '../../graph/shape.ts'
import { weightTensor } from '../../weights/index.ts'
import { type Dimensions, isFixed } from '../export-dimensions.ts'
import { since } from '../export-opset.ts'
import { float, int } from '../model.ts'
import type { CompositeLowering, LoweringContext } from './context.ts'

export const normalizationComposites: {
  readonly [K in
    | 'batchNorm'
    | 'batchNormTraining'
    | 'runningStatistics'
    | 'groupNorm'
    | 'layerNorm'
    | 'instanceNorm'
    | 'localResponseNorm'
    | 'l2Normalize']: CompositeLowering<K>
} = {
  batchNorm: {
    accepts: isFloat32,
    lower: ({ attrs, inputs }, context) => {
      const [x] = inputs as [Node]
      const [weight, bias] = affine(context, inputs, x.shape[1]!)
      const [value, mean, variance] = context.values([x, inputs[3]!, inputs[4]!]) as [string, string, string]
      return context.emit('BatchNormalization', [value, weight, bias, mean, variance], {
        epsilon: float(attrs.eps),
      })
    },
  },
  batchNormTraining: {
    accepts: isFloat32,
    lower: (composite, context) => trained(composite, context)[0]!,
  },
  runningStatistics: {
    accepts: isFloat32,
    lower: (composite, context) => {
      const { which, momentum } = composite.attrs
      const [, mean, variance] = trained(composite, context)
      const [before, share] = [context.value(composite.inputs[which === 'mean' ? 3 : 4]!), momentum]
      const kept = context.emit('Mul', [before, context.number(1 - share, 'float32')])
      const own = context.number(share, 'float32')
      if (which === 'mean') return context.emit('Add', [kept, context.emit('Mul', [mean!, own])])
      const unbiased = context.emit('Mul', [variance!, correction(context, composite.inputs[0]!)])
      return context.emit('Add', [kept, context.emit('Mul', [unbiased, own])])
    },
  },
  groupNorm: {
    accepts: isFloat32,
    lower: ({ attrs, inputs }, context) => {
      const [x] = inputs as [Node]
      const channels = x.shape[1]!
      const { eps, groups } = attrs
      if (context.opset >= since.groupNormalization) {
        const [weight, bias] = affine(context, inputs, channels)
        const attributes = { epsilon: float(eps), num_groups: int(groups) }
        return context.emit('GroupNormalization', [context.value(x), weight, bias], attributes)
      }
      // Groups are the channels of an instance normalization, whose own scale and shift do nothing.
      const dimensions = context.dimensions(x)
      const grouped: Dimensions = [dimensions[0]!, groups, sizeOf(x.shape.slice(1)) / groups]
      const value = context.reshape(context.value(x), dimensions, grouped)
      const [one, zero] = [
        context.builder.filled([groups], 1, 'float32'),
        context.builder.filled([groups], 0, 'float32'),
      ]
      const normal = context.emit('InstanceNormalization', [value, one, zero], { epsilon: float(eps) })
      const y = context.reshape(normal, grouped, dimensions)
      return scaled(context, y, inputs, [channels, ...x.shape.slice(2).map(() => 1)])
    },
  },
  layerNorm: {
    accepts: (composite, context) => isFloat32(composite) && context.opset >= since.layerNormalization,
    lower: ({ attrs, inputs }, context) => {
      const [x, weight, bias] = inputs as [Node, Node | null, Node | null]
      const shape = x.shape.slice(attrs.axis)
      const scale = weight === null ? context.builder.filled(shape, 1, 'float32') : context.value(weight)
      const given = [context.value(x), scale, bias === null ? '' : context.value(bias)]
      return context.emit('LayerNormalization', given, { axis: int(attrs.axis), epsilon: float(attrs.eps) })
    },
  },
  instanceNorm: {
    accepts: isFloat32,
    lower: ({ attrs, inputs }, context) => {
      const [x] = inputs as [Node]
      const [weight, bias] = affine(context, inputs, x.shape[1]!)
      return context.emit('InstanceNormalization', [context.value(x), weight, bias], {
        epsilon: float(attrs.eps),
      })
    },
  },
  localResponseNorm: {
    // ONNX takes the larger half of an even window before the channel, this one after it.
    accepts: ({ attrs, inputs }) => attrs.size % 2 === 1 && inputs[0]!.shape.length === 4,
    lower: ({ attrs, inputs }, context) => {
      const { size, alpha, beta, k } = attrs
      return context.emit('LRN', context.values(inputs), {
        size: int(size),
        alpha: float(alpha),
        beta: float(beta),
        bias: float(k),
      })
    },
  },
  l2Normalize: {
    lower: ({ attrs, inputs }, context) => {
      const [x] = inputs as [Node]
      const axis = attrs.axis < 0 ? attrs.axis + x.shape.length : attrs.axis
      const value = context.value(x)
      const norm = context.reduce('ReduceL2', value, [axis], true, since.reductionAxesInput)
      return context.emit('Div', [value, context.emit('Max', [norm, context.number(attrs.eps, x.dtype)])])
    },
  },
}

function isFloat32({ inputs }: Composite): boolean {
  return inputs[0]!.dtype === 'float32'
}

/** Weight and bias for each channel, 1 and 0 where there is none. */
function affine(
  context: LoweringContext,
  [, weight, bias]: readonly (Node | null)[],
  channels: number,
): [weight: string, bias: string] {
  const { builder } = context
  return [
    weight ? context.value(weight) : builder.filled([channels], 1, 'float32'),
    bias ? context.value(bias) : builder.filled([channels], 0, 'float32'),
  ]
}

function scaled(
  context: LoweringContext,
  y: string,
  [, weight, bias]: readonly (Node | null)[],
  along: readonly number[],
): string {
  const laid = (node: Node): string => context.reshape(context.value(node), node.shape, along)
  const product = weight ? context.emit('Mul', [y, laid(weight)]) : y
  return bias ? context.emit('Add', [product, laid(bias)]) : product
}

/** The normalized value, and mean and variance of the batch: written once for all that read them. */
function trained(
  { attrs, inputs }: Composite<'batchNormTraining' | 'runningStatistics'>,
  context: LoweringContext,
): readonly string[] {
  const [x] = inputs as [Node]
  const channels = x.shape[1]!
  const key = `normalization ${inputs.map((input) => input?.id)} ${attrs.eps}`
  return context.once(key, () => {
    const { builder } = context
    const [weight, bias] = affine(context, inputs, channels)
    if (context.opset < since.trainingBatchNormalization) return computed(context, x, weight, bias, attrs.eps)
    // Without momentum the statistics given do not count, and the further outputs are the batch's own. What is given
    // belongs to this node alone and equals nothing else: ONNX Runtime (1.30) writes its outputs over it, and has equal
    // constants share their memory.
    const [mean, variance] = [0, 0.5].map((part) => {
      const values = new Float32Array(channels).fill(1000.25 + builder.nodes.length + part)
      return builder.initializer('BatchNormalization.ignored', weightTensor([channels], 'F32', values))
    }) as [string, string]
    const attributes = { epsilon: float(attrs.eps), momentum: float(0), training_mode: int(1) }
    const given = [context.value(x), weight, bias, mean, variance]
    return builder.emitAll('BatchNormalization', given, { attributes, outputs: 3 })
  })
}

/** The same step by step. */
function computed(
  context: LoweringContext,
  x: Node,
  weight: string,
  bias: string,
  eps: number,
): readonly string[] {
  const channels = x.shape[1]!
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]))
  const average = (value: string): string =>
    context.reduce('ReduceMean', value, axes, true, since.reductionAxesInput)
  const along = x.shape.slice(1).map((_, i) => (i === 0 ? channels : 1))
  const [kept, flat] = [[1, ...along], [channels]]
  const mean = average(context.value(x))
  const centred = context.emit('Sub', [context.value(x), mean])
  const variance = average(context.emit('Mul', [centred, centred]))
  const deviation = context.emit('Sqrt', [context.emit('Add', [variance, context.number(eps, 'float32')])])
  const normal = context.emit('Div', [centred, deviation])
  const scaledUp = context.emit('Mul', [normal, context.reshape(weight, flat, along)])
  const y = context.emit('Add', [scaledUp, context.reshape(bias, flat, along)])
  return [y, context.reshape(mean, kept, flat), context.reshape(variance, kept, flat)]
}

/** n / (n - 1) for the n values of each channel: the unbiased estimate of the variance over the biased one. */
function correction(context: LoweringContext, x: Node): string {
  const [batch, channels, ...space] = context.dimensions(x)
  const rest = sizeOf(space.map(Number))
  if (isFixed(batch!)) {
    const count = batch * rest
    return context.number(count / (count - 1), 'float32')
  }
  const [factor] = context.once(`correction ${batch!.batches} ${rest} ${Number(channels)}`, () => {
    const count = context.cast(context.emit('Mul', [context.size(batch!), context.integers([rest])]), 'FLOAT')
    return [context.emit('Div', [count, context.emit('Sub', [count, context.number(1, 'float32')])])]
  })
  return factor!
}
