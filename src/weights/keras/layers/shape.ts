import { type Attributes, float, int, ints, string } from '../../../onnx/model.ts'
import { field, integersOf, LayerError, textOf } from '../fields.ts'
import { type LayerContext, padded, type Translation } from '../layer.ts'

const identity: Translation = (layer) => layer.input

/** Rows in Keras' order: height, width, channels. Given channels first, Keras brings them last, since its version 2. */
const flatten: Translation = (layer) => {
  const { builder, input } = layer
  const reorders = layer.channelsFirst && layer.keras > 1 && input.rank > 2
  const plain = builder.plain(input)
  const last = [0, ...Array.from({ length: plain.rank - 2 }, (_, i) => i + 2), 1]
  const x = reorders ? layer.node('Transpose', [plain], { perm: ints(last) }) : plain
  if (input.rank === 1) throw new LayerError('is given one dimension')
  return { name: layer.node('Flatten', [x]), rank: 2, swapped: false }
}

const reshape: Translation = (layer) => {
  const shape = field(layer.config, 'target_shape', 'dims')
  const isSize = (size: unknown): boolean => Number.isInteger(size) && (size as number) >= -1
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw new LayerError(`has target_shape ${JSON.stringify(shape)}, which is no list of sizes`)
  }
  // 0 keeps the batch.
  const sizes = layer.builder.integers(layer.name, [0, ...shape])
  const name = layer.node('Reshape', [layer.builder.plain(layer.input), sizes])
  return { name, rank: shape.length + 1, swapped: false }
}

const permute: Translation = (layer) => {
  const x = layer.builder.plain(layer.input)
  const order = integersOf(layer.config, ['dims'], x.rank - 1, [])
  if (![...order].sort((a, b) => a - b).every((axis, i) => axis === i + 1)) {
    throw new LayerError(`has dims [${order}], which are no order of ${x.rank - 1} axes`)
  }
  return layer.map('Transpose', x, { perm: ints([0, ...order]) })
}

/** Pairs of amounts: from one number for all, one for each axis, or two for each. */
function amountsOf(layer: LayerContext, key: string, axes: number): (readonly [number, number])[] {
  const value = field(layer.config, key) ?? 1
  const list: unknown[] = Array.isArray(value) ? value : Array.from({ length: axes }, () => value)
  // Two amounts of a single axis are before and after.
  const each = axes === 1 && list.length === 2 ? [list] : list
  const pairs = each.map((item) => (Array.isArray(item) ? item : [item, item]))
  const valid = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 2 ** 20
  if (pairs.length !== axes || !pairs.every((pair) => pair.length === 2 && pair.every(valid))) {
    throw new LayerError(`has ${key} ${JSON.stringify(value)}`)
  }
  return pairs as [number, number][]
}

const zeroPadding =
  (axes: 1 | 2): Translation =>
  (layer) =>
    padded(layer, layer.image(axes + 2), amountsOf(layer, 'padding', axes))

const cropping =
  (axes: 1 | 2): Translation =>
  (layer) => {
    const input = layer.image(axes + 2)
    const amounts = amountsOf(layer, 'cropping', axes)
    const integers = (values: readonly number[]): string => layer.builder.integers(layer.name, values)
    return layer.map('Slice', input, {}, [
      integers(amounts.map(([before]) => before)),
      integers(amounts.map(([, after]) => (after === 0 ? 2 ** 31 - 1 : -after))),
      integers(amounts.map((_, i) => i + 2)),
    ])
  }

/** How TensorFlow resizes; `interpolation` is that of the layer. */
function resizing(interpolation: string): Attributes {
  if (interpolation === 'nearest') {
    return {
      mode: string('nearest'),
      coordinate_transformation_mode: string('half_pixel'),
      nearest_mode: string('round_prefer_ceil'),
    }
  }
  const modes: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' }
  const mode = modes[interpolation]
  if (mode === undefined) throw new LayerError(`has the interpolation ${interpolation}, which is not known`)
  const cubic: Attributes = mode === 'cubic' ? { cubic_coeff_a: float(-0.5), exclude_outside: int(1) } : {}
  return { mode: string(mode), coordinate_transformation_mode: string('half_pixel'), ...cubic }
}

const upSampling: Translation = (layer) => {
  const input = layer.image()
  const factors = layer.steps(['size'], 2, 2)
  const scales = layer.builder.floats(layer.name, [1, 1, ...factors])
  const interpolation = textOf(layer.config, ['interpolation'], 'nearest')
  return layer.map('Resize', input, resizing(interpolation), ['', scales])
}

const upSampling1d: Translation = (layer) => {
  const input = layer.image(3)
  const [factor] = layer.steps(['size', 'length'], 1, 2)
  const scales = layer.builder.floats(layer.name, [1, 1, factor!])
  return layer.map('Resize', input, resizing('nearest'), ['', scales])
}

const resize: Translation = (layer) => {
  if (layer.config.crop_to_aspect_ratio === true || layer.config.pad_to_aspect_ratio === true) {
    throw new LayerError('keeps the aspect ratio, which depends on the photograph')
  }
  const input = layer.image()
  const [height] = integersOf(layer.config, ['height'], 1, [])
  const [width] = integersOf(layer.config, ['width'], 1, [])
  if (!(Number(height) > 0 && Number(width) > 0)) throw new LayerError('has no height and width')
  const sizes = layer.builder.integers(layer.name, [height!, width!])
  const interpolation = textOf(layer.config, ['interpolation'], 'bilinear')
  const attributes = { ...resizing(interpolation), axes: ints([2, 3]) }
  return layer.map('Resize', input, attributes, ['', '', sizes])
}

const repeat: Translation = (layer) => {
  const [count] = integersOf(layer.config, ['n'], 1, [1])
  const axis = layer.builder.integers(layer.name, [1])
  const name = layer.node('Unsqueeze', [layer.input, axis])
  if (!(count! >= 1 && count! <= 4096)) throw new LayerError(`repeats ${count} times`)
  const parts = Array.from({ length: count! }, () => name)
  return { name: layer.node('Concat', parts, { axis: int(1) }), rank: 3, swapped: false }
}

/** What changes only training. */
const trainingOnly = [
  'Dropout',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'GaussianDropout',
  'GaussianNoise',
  'AlphaDropout',
  'ActivityRegularization',
  'RandomFlip',
  'RandomRotation',
  'RandomZoom',
  'RandomTranslation',
  'RandomContrast',
  'RandomBrightness',
  'Identity',
]

export const shapeLayers: Readonly<Record<string, Translation>> = {
  ...Object.fromEntries(trainingOnly.map((name) => [name, identity])),
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeat,
  ZeroPadding1D: zeroPadding(1),
  ZeroPadding2D: zeroPadding(2),
  Cropping1D: cropping(1),
  Cropping2D: cropping(2),
  UpSampling1D: upSampling1d,
  UpSampling2D: upSampling,
  Resizing: resize,
}
