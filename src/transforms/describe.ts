import { centerCrop, randomCrop, randomResizedCrop } from './crop.ts'
import { randomDistortColors } from './distort-colors.ts'
import { randomHorizontalFlip } from './flip.ts'
import { grayscale } from './grayscale.ts'
import type { Size } from './image.ts'
import { normalize, toTensor } from './normalize.ts'
import { type Padding, type PaddingMode, pad } from './pad.ts'
import type { Interpolation } from './resample.ts'
import { resize } from './resize.ts'
import { reverseChannels } from './reverse-channels.ts'
import { compose, type Transform, type TransformDescription } from './transform.ts'

/** Every option that a description may hold. They come from a file: the factories check them. */
interface StoredOptions {
  readonly size: number | Size
  readonly interpolation: Interpolation
  readonly maxSize: number
  readonly channels: 1 | 3
  readonly mean: readonly number[]
  readonly std: readonly number[]
  readonly padding: Padding
  readonly fill: number | readonly number[]
  readonly paddingMode: PaddingMode
  readonly padIfNeeded: boolean
  readonly p: number
  readonly hue: number
  readonly saturation: number
  readonly exposure: number
  readonly scale: readonly [number, number]
  readonly ratio: readonly [number, number]
  readonly range: 1 | 255
  readonly transforms: readonly TransformDescription[]
}

const factories: Readonly<Record<string, (options: StoredOptions) => Transform>> = {
  CenterCrop: (o) => centerCrop(o.size),
  Compose: (o) => compose(o.transforms.map(transformFrom)),
  Grayscale: (o) => grayscale(o.channels),
  Normalize: (o) => normalize(o.mean, o.std),
  Pad: (o) => pad(o.padding, o),
  RandomCrop: (o) => randomCrop(o.size, o),
  RandomDistortColors: (o) => randomDistortColors(o),
  RandomHorizontalFlip: (o) => randomHorizontalFlip(o.p),
  RandomResizedCrop: (o) => randomResizedCrop(o.size, o),
  Resize: (o) => resize(o.size, o),
  ReverseChannels: () => reverseChannels(),
  ToTensor: (o) => toTensor(o),
}

/** Builds a transform from its description, such as one read from a checkpoint. */
export function transformFrom(description: TransformDescription): Transform {
  const { name, ...options } = description
  const factory = Object.hasOwn(factories, name) ? factories[name] : undefined
  if (!factory) {
    throw new RangeError(
      `transformFrom: no transform is named ${name}; known: ${Object.keys(factories).join(', ')}`,
    )
  }
  try {
    return factory(options as unknown as StoredOptions)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RangeError(`transformFrom: ${JSON.stringify(description)} describes no transform: ${reason}`, {
      cause,
    })
  }
}
