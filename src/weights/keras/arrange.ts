import { sizeOf } from '../../graph/shape.ts'
import { permuted, reshaped, reversed } from '../permuted.ts'
import type { StoredTensor } from '../state-dict.ts'
import { booleanOf, type Fields } from './fields.ts'

/** An array of a layer under the name that the file gives it. */
export interface LayerArray {
  readonly name: string
  readonly tensor: StoredTensor
}

/** How the arrays of a file lie, as far as it says. */
export interface Arrangement {
  /** Kernels are [out, in, height, width], as Keras 1 wrote them for Theano; null where the file does not say. */
  readonly outFirst: boolean | null
  /** Kernels are turned by 180 degrees, as Theano's convolution wants them. */
  readonly turned: boolean
}

/** Which arrays a layer has. */
export type Family =
  | 'convolution'
  | 'transposed'
  | 'depthwise'
  | 'separable'
  | 'dense'
  | 'batchNormalization'
  | 'normalization'
  | 'prelu'
  | 'statistics'

/** The parts of a layer in Keras' order. */
const partsOf: Readonly<Record<Family, readonly string[]>> = {
  convolution: ['kernel', 'bias'],
  transposed: ['kernel', 'bias'],
  depthwise: ['depthwise_kernel', 'bias'],
  separable: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
  dense: ['kernel', 'bias'],
  batchNormalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  normalization: ['gamma', 'beta'],
  prelu: ['alpha'],
  statistics: ['mean', 'variance', 'count'],
}

const families: Readonly<Record<string, Family>> = {
  Conv1D: 'convolution',
  Conv2D: 'convolution',
  Conv3D: 'convolution',
  Convolution1D: 'convolution',
  Convolution2D: 'convolution',
  AtrousConvolution2D: 'convolution',
  Conv2DTranspose: 'transposed',
  Convolution2DTranspose: 'transposed',
  Deconvolution2D: 'transposed',
  DepthwiseConv2D: 'depthwise',
  SeparableConv2D: 'separable',
  SeparableConvolution2D: 'separable',
  Dense: 'dense',
  BatchNormalization: 'batchNormalization',
  BatchNormalizationV1: 'batchNormalization',
  SyncBatchNormalization: 'batchNormalization',
  LayerNormalization: 'normalization',
  GroupNormalization: 'normalization',
  PReLU: 'prelu',
  Normalization: 'statistics',
}

/** The family of a class of layers; undefined where its arrays are left as they are. */
export function familyOf(className: string): Family | undefined {
  return Object.hasOwn(families, className) ? families[className] : undefined
}

/** Parts by the last words of their names, in Keras 1 and 2, TensorFlow.js, and in hand-made layers. */
const endings: readonly (readonly [RegExp, string])[] = [
  [/depthwise_kernel$/, 'depthwise_kernel'],
  [/pointwise_kernel$/, 'pointwise_kernel'],
  [/recurrent_kernel$/, 'recurrent_kernel'],
  [/(^|_)(kernel|W)$/, 'kernel'],
  [/(^|_)(bias|b)$/, 'bias'],
  [/(^|_)gamma$/, 'gamma'],
  [/(^|_)beta$/, 'beta'],
  [/(moving|running)_mean$/, 'moving_mean'],
  // Keras 1 calls the variance running_std.
  [/(moving_variance|running_std)$/, 'moving_variance'],
  [/(^|_)alphas?$/, 'alpha'],
  [/^mean$/, 'mean'],
  [/^variance$/, 'variance'],
  [/^count$/, 'count'],
]

/** What part of a layer a name means; undefined for names such as `param_0` or `2`. */
export function partNamed(name: string): string | undefined {
  const plain = lastPart(name).replace(/_\d+$/, '')
  return endings.find(([ending]) => ending.test(plain))?.[1]
}

/** The name itself, of a path such as `block/conv/kernel:0`. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/:\d+$/, '')
}

/** The family of a layer of which only the arrays and the name are known. */
export function guessFamily(arrays: readonly LayerArray[], layer: string): Family | undefined {
  const named = arrays.map(({ name }) => partNamed(name))
  const has = (part: string): boolean => named.includes(part)
  if (has('recurrent_kernel')) return undefined
  if (has('depthwise_kernel')) return has('pointwise_kernel') ? 'separable' : 'depthwise'
  if (has('moving_mean')) return 'batchNormalization'
  if (has('alpha')) return 'prelu'
  if (has('mean') && has('variance')) return 'statistics'
  if (has('gamma') || (has('beta') && arrays.length === 1)) return 'normalization'
  const ranks = arrays.map(({ tensor }) => tensor.shape.length).join()
  if (ranks === '1,1,1,1') return 'batchNormalization'
  if (ranks === '2' || ranks === '2,1') return 'dense'
  const name = layer.toLowerCase()
  if (ranks === '4,4' || ranks === '4,4,1') return 'separable'
  if (!/^[345](,1)?$/.test(ranks)) return undefined
  if (/depthwise/.test(name)) return 'depthwise'
  return /transpose|deconv/.test(name) ? 'transposed' : 'convolution'
}

/** Each array with the part of its layer that it is, by name where all names tell it, else by order. */
function partsByArray(
  family: Family,
  arrays: readonly LayerArray[],
  config: Fields,
): Map<string, StoredTensor> | undefined {
  const all = partsOf[family]
  const named = arrays.map(({ name }) => partNamed(name))
  const distinct = new Set(named).size === named.length
  if (distinct && named.every((part) => part !== undefined && all.includes(part))) {
    return new Map(named.map((part, i) => [part!, arrays[i]!.tensor]))
  }
  const present = all.filter((part) => {
    if (part === 'gamma') return booleanOf(config, ['scale'], arrays.length === all.length)
    if (part === 'beta') return booleanOf(config, ['center'], arrays.length >= all.length - 1)
    return part !== 'bias' || arrays.length === all.length
  })
  if (present.length !== arrays.length) return undefined
  return new Map(present.map((part, i) => [part, arrays[i]!.tensor]))
}

/** Names in a state dict, below the layer's, of parts that are only renamed. */
const renamed: Readonly<Record<string, string>> = {
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
  mean: 'mean',
  variance: 'variance',
  count: 'count',
}

/**
 * The arrays of a layer under Ocelli's names, below the layer's own, and in Ocelli's layouts. Arrays of layers that are
 * not known keep their names and layouts.
 */
export function arrange(
  family: Family | undefined,
  arrays: readonly LayerArray[],
  config: Fields,
  arrangement: Arrangement,
): Map<string, StoredTensor> {
  const parts = family === undefined ? undefined : partsByArray(family, arrays, config)
  const result = new Map<string, StoredTensor>()
  if (family === undefined || parts === undefined) {
    const short = arrays.map(({ name }) => lastPart(name))
    const distinct = new Set(short).size === short.length
    for (const [i, { name, tensor }] of arrays.entries()) result.set(distinct ? short[i]! : name, tensor)
    return result
  }
  for (const [part, tensor] of parts) {
    if (part === 'kernel') result.set('weight', kernel(family, tensor, parts.get('bias'), arrangement))
    else if (part === 'alpha') result.set('weight', slopes(tensor))
    else if (part === 'depthwise_kernel') {
      result.set(family === 'separable' ? 'depthwise.weight' : 'weight', depthwise(tensor, arrangement))
    } else if (part === 'pointwise_kernel') {
      result.set('pointwise.weight', kernel('convolution', tensor, parts.get('bias'), arrangement))
    } else if (part === 'bias' && family === 'separable') result.set('pointwise.bias', tensor)
    else result.set(renamed[part]!, tensor)
  }
  return result
}

/** [height, width, in, out] as [out, in, height, width]; of transposed convolutions [height, width, out, in] as [in, out, …]. */
function kernel(
  family: Family,
  tensor: StoredTensor,
  bias: StoredTensor | undefined,
  { outFirst, turned }: Arrangement,
): StoredTensor {
  const { shape } = tensor
  if (shape.length === 2) return permuted(tensor, [1, 0])
  if (shape.length < 3) return tensor
  const space = shape.slice(2).map((_, i) => i)
  const first = outFirst ?? (shape.length === 4 && family === 'convolution' && isOutFirst(shape, bias))
  const arranged = first ? tensor : permuted(tensor, [shape.length - 1, shape.length - 2, ...space])
  return turned
    ? reversed(
        arranged,
        space.map((i) => i + 2),
      )
    : arranged
}

/** Whether only [out, in, height, width] goes with the number of biases. */
function isOutFirst(shape: readonly number[], bias: StoredTensor | undefined): boolean {
  return bias !== undefined && bias.shape[0] === shape[0] && bias.shape[0] !== shape[3]
}

/** [height, width, channels, multiplier] as [channels * multiplier, 1, height, width]. */
function depthwise(tensor: StoredTensor, { turned, outFirst }: Arrangement): StoredTensor {
  const { shape } = tensor
  if (shape.length !== 4) return tensor
  // Theano's order is [multiplier, channels, height, width].
  const order = outFirst ? [1, 0, 2, 3] : [2, 3, 0, 1]
  const [channels, multiplier, height, width] = order.map((axis) => shape[axis]!) as [
    number,
    number,
    number,
    number,
  ]
  const arranged = reshaped(permuted(tensor, order), [channels * multiplier, 1, height, width])
  return turned ? reversed(arranged, [2, 3]) : arranged
}

/** One slope for each channel as [channels]; a slope for each place as [channels, height, width]. */
function slopes(tensor: StoredTensor): StoredTensor {
  const { shape } = tensor
  if (shape.filter((size) => size !== 1).length < 2) return reshaped(tensor, [sizeOf(shape)])
  return permuted(tensor, [shape.length - 1, ...shape.slice(1).map((_, i) => i)])
}
