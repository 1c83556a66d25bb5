import { type Shape, sizeOf } from '../../graph/shape.ts'
import { CheckpointError } from '../errors.ts'
import type { DarknetConfig } from './config.ts'
import { type DarknetLayer, darknetLayers, size } from './layers.ts'

/** One tensor of a .weights file, by its name in a network that `createDarknet` makes. */
export interface DarknetParameter {
  readonly name: string
  readonly shape: Shape
  /** The place of its layer. */
  readonly place: number
  /** Whether files of old versions hold it with its axes exchanged. */
  readonly connected: boolean
}

const normalization = ['bias', 'weight', 'running_mean', 'running_var']

function tensorsOf({ section, from, out, inputs }: DarknetLayer): [name: string, shape: Shape][] {
  const named = (prefix: string, names: readonly string[], count: number): [string, Shape][] =>
    names.map((name) => [`${prefix}${name}`, [count]])
  switch (section.type) {
    case 'convolutional': {
      if (section.shareIndex !== undefined) return []
      const { filters, size, groups, batchNormalize } = section
      return [
        ...(batchNormalize
          ? named('BatchNorm2d.', normalization, filters)
          : named('Conv2d.', ['bias'], filters)),
        ['Conv2d.weight', [filters, from.channels / groups, size, size]],
      ]
    }
    case 'local': {
      const { filters, size: side } = section
      const places = out.height * out.width
      return [
        ['bias', [filters, out.height, out.width]],
        ['weight', [places, filters, from.channels * side * side]],
      ]
    }
    case 'connected': {
      const { output, batchNormalize } = section
      const [first, ...others] = normalization as [string, ...string[]]
      return [
        [batchNormalize ? `BatchNorm2d.${first}` : 'Linear.bias', [output]],
        ['Linear.weight', [output, size(from)]],
        ...(batchNormalize ? named('BatchNorm2d.', others, output) : []),
      ]
    }
    case 'batchnorm':
      return named('', normalization, from.channels)
    case 'shortcut':
      if (section.weights === undefined) return []
      return [['weight', section.weights === 'per_feature' ? [inputs.length] : [inputs.length, out.channels]]]
    default:
      return []
  }
}

/** Above the parameters of any network: 8 GB of them. */
const maxParameters = 2 ** 31

/**
 * The tensors of a configuration's network in the order of a .weights file. Throws a CheckpointError for one that cannot be.
 * @param name What messages call the configuration.
 */
export function darknetParameters(config: DarknetConfig, name?: string): DarknetParameter[] {
  const parameters = darknetLayers(config, name === undefined ? {} : { name }).flatMap((layer) =>
    tensorsOf(layer).map(([own, shape]) => ({
      name: `module_list.${layer.place}.${own}`,
      shape,
      place: layer.place,
      connected: own === 'Linear.weight',
    })),
  )
  let total = 0
  for (const { shape, place } of parameters) {
    total += sizeOf(shape)
    if (total > maxParameters) {
      const type = config.sections[place]!.type
      throw new CheckpointError(
        name ?? 'Darknet',
        `layer ${place} (${type}) takes the network to more than ${maxParameters} parameters`,
      )
    }
  }
  return parameters
}
