import type { DarknetSection, DarknetSectionOf } from './config.ts'
import { darknetLimits, defined, type Entries } from './entries.ts'

/** What a section's entries are in a file: text, numbers, or lists of them; undefined where it takes the default. */
export type WrittenEntries = Readonly<Record<string, string | number | readonly number[] | undefined>>

/** How the sections of one kind are read from a file's entries, and written as such. */
export interface SectionKind<T extends DarknetSection['type']> {
  readonly read: (entries: Entries) => Omit<DarknetSectionOf<T>, 'type' | 'other'>
  readonly write: (section: DarknetSectionOf<T>) => WrittenEntries
}

const { channels, window } = darknetLimits

const filters = (entries: Entries): number => entries.count('filters', 1, 1, channels)

const kernel = (entries: Entries, standard: number): number => entries.count('size', standard, 1, window)

/** The stride, and that down where it is another one. */
function strides(entries: Entries): { stride: number; strideY?: number } {
  const both = entries.count('stride', 1, 1, window)
  const stride = entries.count('stride_x', both, 1, window)
  const strideY = entries.count('stride_y', both, 1, window)
  return strideY === stride ? { stride } : { stride, strideY }
}

const writtenStrides = ({ stride, strideY }: { stride: number; strideY?: number }): WrittenEntries =>
  strideY === undefined ? { stride } : { stride_x: stride, stride_y: strideY }

/** The window of a pool, whose padding is by default what keeps the size at a stride of 1. */
function pool(entries: Entries): { size: number; stride: number; strideY?: number; padding: number } {
  const stride = strides(entries)
  const size = kernel(entries, stride.stride)
  const padding = entries.count('padding', size - 1, 0, 2 * (size - 1))
  return { size, ...stride, padding }
}

const writtenPool = (section: {
  size: number
  stride: number
  strideY?: number
  padding: number
}): WrittenEntries => ({
  size: section.size,
  ...writtenStrides(section),
  padding: section.padding === section.size - 1 ? undefined : section.padding,
})

const unlessLinear = (activation: string): string | undefined =>
  activation === 'linear' ? undefined : activation

type LayerTypes = Exclude<DarknetSection['type'], 'yolo' | 'gaussian_yolo' | 'region' | 'detection'>

const reorg = {
  read: (entries: Entries): { stride: number; reverse: boolean } => {
    entries.refuse('flatten', 'extra')
    return { stride: entries.count('stride', 1, 1, window), reverse: entries.flag('reverse') }
  },
  write: ({ stride, reverse }: { stride: number; reverse: boolean }): WrittenEntries => ({
    stride,
    reverse: reverse ? 1 : undefined,
  }),
}

const nothing = { read: () => ({}), write: () => ({}) }

/** The layers that compute maps. */
export const layerKinds: { readonly [T in LayerTypes]: SectionKind<T> } = {
  convolutional: {
    read: (entries) => {
      entries.refuse(
        'antialiasing',
        'binary',
        'flipped',
        'sway',
        'rotate',
        'stretch',
        'stretch_sway',
        'coordconv',
      )
      const size = kernel(entries, 1)
      const padded = entries.flag('pad')
      const padding = entries.count('padding', 0, 0, window)
      const dilation = entries.count('dilation', 1, 1, window)
      return defined({
        filters: filters(entries),
        size,
        ...strides(entries),
        padding: padded ? Math.floor(size / 2) : padding,
        groups: entries.count('groups', 1, 1, channels),
        batchNormalize: entries.flag('batch_normalize') || entries.flag('cbn'),
        activation: entries.activation('logistic'),
        dilation: size > 1 && dilation > 1 ? dilation : undefined,
        shareIndex: entries.has('share_index') ? entries.places('share_index')[0] : undefined,
        xnor: entries.flag('xnor') ? true : undefined,
      })
    },
    write: (section) => ({
      batch_normalize: section.batchNormalize ? 1 : undefined,
      filters: section.filters,
      size: section.size,
      ...writtenStrides(section),
      ...(section.padding === Math.floor(section.size / 2) ? { pad: 1 } : { padding: section.padding }),
      groups: section.groups === 1 ? undefined : section.groups,
      dilation: section.dilation,
      share_index: section.shareIndex,
      xnor: section.xnor ? 1 : undefined,
      activation: section.activation,
    }),
  },
  local: {
    read: (entries) => ({
      filters: filters(entries),
      size: kernel(entries, 1),
      stride: entries.count('stride', 1, 1, window),
      padding: entries.count('pad', 0, 0, 1),
      activation: entries.activation('logistic'),
    }),
    write: ({ filters, size, stride, padding, activation }) => ({
      filters,
      size,
      stride,
      pad: padding,
      activation,
    }),
  },
  connected: {
    read: (entries) => ({
      output: entries.count('output', 1, 1, channels),
      batchNormalize: entries.flag('batch_normalize'),
      activation: entries.activation('logistic'),
    }),
    write: ({ output, batchNormalize, activation }) => ({
      batch_normalize: batchNormalize ? 1 : undefined,
      output,
      activation,
    }),
  },
  batchnorm: nothing,
  maxpool: {
    read: (entries) => {
      entries.refuse('antialiasing', 'maxpool_zero_nonmax')
      const outChannels = entries.count('out_channels', 1, 1, channels)
      return { ...pool(entries), ...(entries.flag('maxpool_depth') ? { outChannels } : {}) }
    },
    write: (section) => ({
      ...writtenPool(section),
      maxpool_depth: section.outChannels === undefined ? undefined : 1,
      out_channels: section.outChannels,
    }),
  },
  local_avgpool: { read: pool, write: writtenPool },
  avgpool: nothing,
  upsample: {
    read: (entries) => {
      const stride = entries.count('stride', 2, -window, window)
      if (stride === 0) throw entries.error('stride must not be 0')
      const scale = entries.number('scale', 1)
      return { stride, ...(scale === 1 ? {} : { scale }) }
    },
    write: ({ stride, scale }) => ({ stride, scale }),
  },
  dropout: {
    read: (entries) => ({ probability: entries.number('probability', 0.5) }),
    write: ({ probability }) => ({ probability }),
  },
  reorg,
  reorg3d: reorg,
  route: {
    read: (entries) => ({
      layers: entries.places('layers'),
      groups: entries.count('groups', 1, 1, channels),
      groupId: entries.count('group_id', 0, 0, channels),
    }),
    write: ({ layers, groups, groupId }) => ({
      layers,
      ...(groups === 1 && groupId === 0 ? {} : { groups, group_id: groupId }),
    }),
  },
  shortcut: {
    read: (entries) => {
      const [alpha, beta] = [entries.number('alpha', 1), entries.number('beta', 1)]
      if (alpha !== 1 || beta !== 1)
        throw entries.error(`alpha=${alpha} and beta=${beta} are not supported, but 1`)
      const kind = entries.choice('weights_type', ['none', 'per_feature', 'per_layer', 'per_channel'])
      const scaling = entries.choice('weights_normalization', ['none', 'relu', 'avg_relu', 'softmax'])
      return defined({
        from: entries.places('from'),
        activation: entries.activation('linear'),
        weights: kind === 'none' ? undefined : kind === 'per_layer' ? 'per_feature' : kind,
        weightsNormalization: scaling === 'none' ? undefined : scaling === 'avg_relu' ? 'relu' : scaling,
      })
    },
    write: ({ from, activation, weights, weightsNormalization }) => ({
      from,
      activation,
      weights_type: weights,
      weights_normalization: weightsNormalization,
    }),
  },
  scale_channels: {
    read: (entries) => ({
      from: entries.places('from')[0]!,
      scaleMap: entries.flag('scale_wh'),
      activation: entries.activation('linear'),
    }),
    write: ({ from, scaleMap, activation }) => ({
      from,
      scale_wh: scaleMap ? 1 : undefined,
      activation: unlessLinear(activation),
    }),
  },
  sam: {
    read: (entries) => ({ from: entries.places('from')[0]!, activation: entries.activation('linear') }),
    write: ({ from, activation }) => ({ from, activation: unlessLinear(activation) }),
  },
  activation: {
    read: (entries) => ({ activation: entries.activation('linear') }),
    write: ({ activation }) => ({ activation }),
  },
  normalization: {
    read: (entries) => ({
      size: kernel(entries, 5),
      alpha: entries.number('alpha', 1e-4),
      beta: entries.number('beta', 0.75),
      kappa: entries.number('kappa', 1),
    }),
    write: ({ size, alpha, beta, kappa }) => ({ size, alpha, beta, kappa }),
  },
  crop: {
    read: (entries) => ({
      height: entries.count('crop_height', 1, 1, darknetLimits.side),
      width: entries.count('crop_width', 1, 1, darknetLimits.side),
      adjust: !entries.flag('noadjust'),
    }),
    write: ({ height, width, adjust }) => ({
      crop_height: height,
      crop_width: width,
      noadjust: adjust ? undefined : 1,
    }),
  },
  softmax: {
    read: (entries) => {
      const groups = entries.count('groups', 1, 1, channels)
      return groups === 1 ? {} : { groups }
    },
    write: ({ groups }) => ({ groups }),
  },
  cost: nothing,
  contrastive: nothing,
  empty: nothing,
}
