import { CheckpointError } from '../errors.ts'
import type { DarknetConfig, DarknetSection, DarknetSectionOf } from './config.ts'
import { darknetLimits } from './entries.ts'

/** What a layer gives for one image; of a vector the channels alone. */
export interface DarknetMap {
  readonly channels: number
  readonly height: number
  readonly width: number
}

/** A section with the places of the layers that it takes (-1 is the image), and the maps that come in and out. */
export interface DarknetLayer {
  readonly place: number
  readonly section: DarknetSection
  readonly inputs: readonly number[]
  /** The map of the first of the inputs. */
  readonly from: DarknetMap
  readonly out: DarknetMap
  /** How many pixels of the image one of its pixels spans. */
  readonly stride: number
}

/** Why a layer cannot be. */
class Misfit extends Error {}

/** How many windows there are along a side. */
function windows(side: number, size: number, stride: number, padding: number): number {
  const count = Math.floor((side + padding - size) / stride) + 1
  if (count >= 1) return count
  throw new Misfit(`its window of ${size} does not fit into ${side} pixels with ${padding} of padding`)
}

const sameSize = (a: DarknetMap, b: DarknetMap): boolean => a.height === b.height && a.width === b.width

const text = ({ channels, height, width }: DarknetMap): string => `${channels} x ${height} x ${width}`

function divided(what: string, value: number, by: number): number {
  if (Number.isInteger(value / by)) return value / by
  throw new Misfit(`${value} ${what} cannot be divided by ${by}`)
}

/** What the layer gives of the maps that it takes, and by how much it strides. */
function outOf(section: DarknetSection, taken: readonly DarknetMap[]): [out: DarknetMap, stride: number] {
  const [map, ...others] = taken as [DarknetMap, ...DarknetMap[]]
  const { channels, height, width } = map
  switch (section.type) {
    case 'convolutional': {
      const { filters, size, stride, strideY = stride, padding, groups } = section
      divided('input channels', channels, groups)
      divided('filters', filters, groups)
      const out = {
        channels: filters,
        height: windows(height, size, strideY, 2 * padding),
        width: windows(width, size, stride, 2 * padding),
      }
      return [out, stride]
    }
    case 'local': {
      const { filters, size, stride, padding } = section
      if (padding > 0 && size !== 3) throw new Misfit(`padding is for windows of 3, not of ${size}`)
      const [rows, columns] = [height, width].map((side) => windows(side, padding ? 1 : size, stride, 0))
      return [{ channels: filters, height: rows!, width: columns! }, stride]
    }
    case 'connected':
      return [{ channels: section.output, height: 1, width: 1 }, 1]
    case 'maxpool':
    case 'local_avgpool': {
      if (section.type === 'maxpool' && section.outChannels !== undefined) {
        if (section.outChannels > channels) throw new Misfit(`out_channels is above its ${channels} channels`)
        return [{ channels: section.outChannels, height, width }, 1]
      }
      const { size, stride, strideY = stride, padding } = section
      const out = {
        channels,
        height: windows(height, size, strideY, padding),
        width: windows(width, size, stride, padding),
      }
      return [out, stride]
    }
    case 'avgpool':
      return [{ channels, height: 1, width: 1 }, 1]
    case 'upsample': {
      const { stride } = section
      if (stride > 0) return [{ channels, height: height * stride, width: width * stride }, 1 / stride]
      const out = {
        channels,
        height: divided('rows', height, -stride),
        width: divided('columns', width, -stride),
      }
      return [out, -stride]
    }
    case 'reorg':
    case 'reorg3d': {
      const { stride, reverse, type } = section
      const area = stride * stride
      // What is called reorg takes the memory of its input for that of a map with fewer channels, reorg3d backwards too.
      if (reverse || type === 'reorg')
        divided('channels', channels, reverse && type === 'reorg3d' ? area ** 2 : area)
      if (reverse)
        return [{ channels: channels / area, height: height * stride, width: width * stride }, 1 / stride]
      const [rows, columns] = [divided('rows', height, stride), divided('columns', width, stride)]
      return [{ channels: channels * area, height: rows, width: columns }, stride]
    }
    case 'route': {
      const { groups, groupId } = section
      for (const other of others) {
        if (!sameSize(map, other)) throw new Misfit(`it joins maps of ${text(map)} and ${text(other)}`)
      }
      if (groupId >= groups) throw new Misfit(`there is no group ${groupId} of ${groups}`)
      const parts = taken.map((each) => divided('channels', each.channels, groups))
      return [{ ...map, channels: parts.reduce((sum, part) => sum + part, 0) }, 1]
    }
    case 'shortcut':
      for (const other of others) {
        const [down, across] = [other.height / height, other.width / width].map(Math.floor)
        if (down! < 1 || down !== across) {
          throw new Misfit(`it adds maps of ${text(map)} and ${text(other)}`)
        }
      }
      return [map, 1]
    case 'scale_channels': {
      const [other] = others as [DarknetMap]
      const fits = section.scaleMap
        ? channels === 1 && sameSize(map, other)
        : height === 1 && width === 1 && channels === other.channels
      if (!fits) throw new Misfit(`it cannot scale a map of ${text(other)} by one of ${text(map)}`)
      return [other, 1]
    }
    case 'sam': {
      const [other] = others as [DarknetMap]
      if (!sameSize(map, other) || channels !== other.channels) {
        throw new Misfit(`it multiplies maps of ${text(map)} and ${text(other)}`)
      }
      return [map, 1]
    }
    case 'crop':
      if (section.height > height || section.width > width) {
        throw new Misfit(`it crops ${section.height} x ${section.width} pixels out of ${height} x ${width}`)
      }
      return [{ channels, height: section.height, width: section.width }, 1]
    case 'yolo':
    case 'gaussian_yolo':
    case 'region':
    case 'detection': {
      const wanted = darknetBoxChannels(section, section.classes)
      const given = section.type === 'detection' ? channels * height * width : channels
      if (given !== wanted) {
        throw new Misfit(`it needs ${wanted} channels for its ${section.classes} classes, but gets ${given}`)
      }
      return [map, 1]
    }
    case 'batchnorm':
    case 'dropout':
    case 'activation':
    case 'normalization':
    case 'softmax':
    case 'cost':
    case 'contrastive':
    case 'empty':
      return [map, 1]
  }
}

/** The channels that a layer of boxes needs for a number of classes. */
export function darknetBoxChannels(section: DarknetSection, classes: number): number {
  switch (section.type) {
    case 'yolo':
      return section.anchors.length * (5 + classes)
    case 'gaussian_yolo':
      return section.anchors.length * (9 + classes)
    case 'region':
      return section.anchors.length * (section.coordinates + 1 + classes)
    case 'detection':
      return section.side ** 2 * (classes + section.boxes * (1 + section.coordinates))
    default:
      throw new TypeError(`a ${section.type} layer gives no boxes`)
  }
}

function referencesOf(section: DarknetSection): readonly number[] {
  switch (section.type) {
    case 'route':
      return section.layers
    case 'shortcut':
      return [-1, ...section.from]
    case 'scale_channels':
    case 'sam':
      return [-1, section.from]
    default:
      return []
  }
}

/**
 * The layers of a configuration with what each takes and gives. Throws a CheckpointError that names the first layer which
 * does not fit those before it, or is larger than any network's.
 * @param inChannels The image's; those of the configuration unless given.
 */
export function darknetLayers(
  { sections, width, height, channels }: DarknetConfig,
  { inChannels = channels, name = 'Darknet' }: { inChannels?: number; name?: string } = {},
): DarknetLayer[] {
  const layers: DarknetLayer[] = []
  const image = { out: { channels: inChannels, height, width }, stride: 1 }
  for (const [place, section] of sections.entries()) {
    const fail = (what: string): CheckpointError =>
      new CheckpointError(name, `layer ${place} (${section.type}) ${what}`)
    const at = (reference: number): number => {
      const absolute = reference < 0 ? place + reference : reference
      if (absolute >= 0 && absolute < place) return absolute
      // The layer before the first one is the image.
      if (reference === -1 && section.type !== 'route') return -1
      throw fail(`refers to layer ${absolute}, which is not before it`)
    }
    const references = referencesOf(section).map(at)
    const inputs = references.length > 0 ? references : [place - 1]
    const taken = inputs.map((input) => layers[input] ?? image)
    try {
      const [out, stride] = outOf(
        section,
        taken.map((each) => each.out),
      )
      const sides = Math.max(out.height, out.width)
      if (out.channels > darknetLimits.channels || sides > darknetLimits.side || size(out) > 2 ** 31) {
        throw new Misfit(`gives a map of ${text(out)}, more than any network's`)
      }
      const spanned = section.type === 'scale_channels' ? taken[1]!.stride : taken[0]!.stride
      if (section.type === 'convolutional' && section.shareIndex !== undefined) {
        const source = layers[at(section.shareIndex)]
        if (source === undefined || !sharesWith(section, taken[0]!.out, source)) {
          throw new Misfit('the layer whose parameters it shares has others')
        }
      }
      layers.push({ place, section, inputs, from: taken[0]!.out, out, stride: spanned * stride })
    } catch (error) {
      throw error instanceof Misfit ? fail(`cannot be: ${error.message}`) : error
    }
  }
  return layers
}

/** Whether a convolution of a map has parameters of the same shapes as another layer. */
function sharesWith(
  own: DarknetSectionOf<'convolutional'>,
  map: DarknetMap,
  { section, from }: DarknetLayer,
): boolean {
  return (
    section.type === 'convolutional' &&
    from.channels === map.channels &&
    (['filters', 'size', 'groups', 'batchNormalize'] as const).every((key) => section[key] === own[key])
  )
}

/** The numbers in a map. */
export const size = ({ channels, height, width }: DarknetMap): number => channels * height * width
