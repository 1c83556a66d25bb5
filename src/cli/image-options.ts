import {
  centerCrop,
  compose,
  evaluationTransform,
  grayscale,
  type Interpolation,
  type Preprocessing,
  pad,
  randomCrop,
  randomHorizontalFlip,
  randomResizedCrop,
  resize,
  type Size,
  type Transform,
  toInput,
} from '../transforms/index.ts'
import {
  type ChoiceOption,
  type FlagOption,
  type NumberOption,
  type TextOption,
  UsageError,
} from './command.ts'

/** How images are prepared, where the network's or the checkpoint's own way is not wanted. */
export const imageOptions: {
  readonly imageSize: NumberOption
  readonly resize: NumberOption
  readonly squash: FlagOption
  readonly crop: NumberOption
  readonly interpolation: ChoiceOption
  readonly mean: TextOption
  readonly std: TextOption
  readonly range: ChoiceOption
  readonly channelOrder: ChoiceOption
} = {
  imageSize: {
    kind: 'number',
    placeholder: 'pixels',
    minimum: 1,
    integer: true,
    description: 'side of the square that the network sees',
  },
  resize: {
    kind: 'number',
    placeholder: 'pixels',
    minimum: 1,
    integer: true,
    description: 'what the shorter side is resized to before the central crop',
  },
  crop: {
    kind: 'number',
    placeholder: 'share',
    minimum: 0,
    description: 'in place of --resize: the share of the shorter side that the crop keeps, such as 0.875',
  },
  interpolation: {
    kind: 'choice',
    choices: ['nearest', 'bilinear', 'bicubic'],
    description: 'how images are resized',
  },
  squash: { kind: 'flag', description: 'resizes to a square, whatever the proportions' },
  mean: {
    kind: 'text',
    placeholder: 'r,g,b',
    description: 'mean of each channel, of values from 0 to 1 or as --range says',
  },
  std: { kind: 'text', placeholder: 'r,g,b', description: 'standard deviation of each channel' },
  range: {
    kind: 'choice',
    choices: ['1', '255'],
    description: 'what the brightest value is before mean and standard deviation',
  },
  channelOrder: {
    kind: 'choice',
    choices: ['rgb', 'bgr'],
    description: 'the order of the channels that the network sees, and of --mean and --std',
  },
}

export interface ImageFlags {
  readonly imageSize: number | undefined
  readonly resize: number | undefined
  readonly crop: number | undefined
  readonly interpolation: string | undefined
  readonly mean: string | undefined
  readonly std: string | undefined
  readonly squash: boolean
  readonly range: string | undefined
  readonly channelOrder: string | undefined
}

export function changesImages(flags: ImageFlags): boolean {
  return Object.keys(imageOptions).some((name) => {
    const value = flags[name as keyof ImageFlags]
    return value !== undefined && value !== false
  })
}

/** A network's preprocessing with what the flags change. */
export function preprocessingFrom(base: Preprocessing, flags: ImageFlags): Preprocessing {
  const { imageSize, crop } = flags
  if (crop !== undefined && flags.resize !== undefined) {
    throw new UsageError('--crop and --resize say the same thing; give one of them')
  }
  if (crop !== undefined && flags.squash) {
    throw new UsageError('--squash takes no --crop; --resize says what comes before the central crop')
  }
  if (crop !== undefined && !(crop > 0 && crop <= 1)) {
    throw new UsageError(`--crop is a share above 0 and at most 1; got ${crop}`)
  }
  const { resize: _, ...rest } = base
  const resize =
    crop !== undefined
      ? undefined
      : (flags.resize ?? (imageSize === undefined ? base.resize : scaledResize(base, imageSize)))
  const mean = channelValues('mean', flags.mean, base) ?? base.mean
  const std = channelValues('std', flags.std, base) ?? base.std
  if ((mean === undefined) !== (std === undefined)) {
    throw new UsageError('--mean and --std go together: this network has neither of its own')
  }
  return {
    ...rest,
    ...(imageSize !== undefined && { inputSize: imageSize }),
    ...(flags.squash
      ? { resize: squared(resize ?? imageSize ?? base.inputSize) }
      : resize !== undefined && { resize }),
    ...(crop !== undefined && { cropPct: crop }),
    ...(flags.interpolation !== undefined && { interpolation: flags.interpolation as Interpolation }),
    ...(mean && { mean }),
    ...(std && { std }),
    ...(flags.range !== undefined && { range: flags.range === '255' ? 255 : 1 }),
    ...(flags.channelOrder !== undefined && { channelOrder: flags.channelOrder as 'rgb' | 'bgr' }),
  }
}

const squared = (size: number | Size): Size => (typeof size === 'number' ? [size, size] : size)

/** The same with the mean and standard deviation of a data set; one value stands for all channels. */
export function withStatistics(base: Preprocessing, statistics: Statistics | null): Preprocessing {
  if (statistics === null) return base
  const { channels = 3 } = base
  const spread = (values: readonly number[]): readonly number[] =>
    values.length === channels ? values : new Array<number>(channels).fill(values[0]!)
  return { ...base, mean: spread(statistics.mean), std: spread(statistics.std) }
}

/** Another size keeps the crop's share of the image. */
function scaledResize({ resize, inputSize }: Preprocessing, imageSize: number): number | undefined {
  if (typeof resize !== 'number' || typeof inputSize !== 'number') return undefined
  return Math.round((resize / inputSize) * imageSize)
}

/** One number stands for all channels. */
function channelValues(
  name: string,
  text: string | undefined,
  { channels = 3 }: Preprocessing,
): number[] | undefined {
  if (text === undefined) return undefined
  const values = text.split(',').map(Number)
  if (
    (values.length !== 1 && values.length !== channels) ||
    values.some((value) => !Number.isFinite(value))
  ) {
    const wanted = channels === 1 ? 'one number' : `one number, or ${channels} separated by commas`
    throw new UsageError(`--${name} takes ${wanted}; got '${text}'`)
  }
  return values.length === 1 ? new Array<number>(channels).fill(values[0]!) : values
}

/** Images that all have one size, as those of MNIST and CIFAR do. */
export interface UniformImages {
  readonly size: Size
  readonly channels: number
}

export interface Statistics {
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

export type Augmentation = 'auto' | 'none' | 'crop' | 'crop-flip' | 'resized-crop'

/**
 * How a network sees images without random changes. Small ones of one size are padded to the network's size rather than
 * enlarged, as MNIST's 28 x 28 are for LeNet-5; any other image is first brought to that one size.
 * @param source null for photographs of any size.
 */
export function evaluationFor(preprocessing: Preprocessing, source: UniformImages | null): Transform {
  const first = toChannels(preprocessing, source)
  const border = borderOf(preprocessing, source)
  if (border === null) return compose([...first, evaluationTransform(preprocessing)])
  const { size } = source!
  const { interpolation = 'bilinear' } = preprocessing
  const fitted = [resize(Math.min(...size), { interpolation }), centerCrop(size)]
  return compose([...first, ...fitted, ...(border > 0 ? [pad(border)] : []), ...toInput(preprocessing)])
}

/** The same with the random changes of training. */
export function trainingFor(
  preprocessing: Preprocessing,
  source: UniformImages | null,
  augmentation: Augmentation,
): Transform {
  const { inputSize, interpolation = 'bilinear' } = preprocessing
  const kind = augmentation === 'auto' ? usualAugmentation(preprocessing, source) : augmentation
  if (kind === 'none') return evaluationFor(preprocessing, source)
  const first = toChannels(preprocessing, source)
  const flip = kind === 'crop' ? [] : [randomHorizontalFlip(0.5)]
  if (kind === 'resized-crop') {
    const crop = randomResizedCrop(inputSize, { interpolation })
    return compose([...first, crop, ...flip, ...toInput(preprocessing)])
  }
  const border = borderOf(preprocessing, source)
  const margin = Math.max(1, Math.round(smallerSide(preprocessing) / 8))
  const crop =
    border === null
      ? [
          resize(preprocessing.resize ?? inputSize, { interpolation }),
          randomCrop(inputSize, { padIfNeeded: true }),
        ]
      : [randomCrop(inputSize, { padding: border + margin })]
  return compose([...first, ...crop, ...flip, ...toInput(preprocessing)])
}

function usualAugmentation(preprocessing: Preprocessing, source: UniformImages | null): Augmentation {
  if (source?.channels === 1) return 'none'
  return source !== null || smallerSide(preprocessing) <= 64 ? 'crop-flip' : 'resized-crop'
}

function smallerSide({ inputSize }: Preprocessing): number {
  return typeof inputSize === 'number' ? inputSize : Math.min(...inputSize)
}

/** Grey images for networks that see three channels; the other way round is the evaluation transform's own. */
function toChannels({ channels = 3 }: Preprocessing, source: UniformImages | null): Transform[] {
  if (channels !== 1 && channels !== 3) {
    throw new UsageError(`the network sees ${channels} channels, which pictures do not have`)
  }
  return source !== null && source.channels !== channels
    ? [grayscale(channels)]
    : channels === 1
      ? [grayscale(1)]
      : []
}

/** Pixels to add on each side of square images a little smaller than the network's; null where they must be resized. */
function borderOf({ inputSize }: Preprocessing, source: UniformImages | null): number | null {
  if (source === null) return null
  const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize
  const [missing, same] = [height - source.size[0], width - source.size[1]]
  return missing === same && missing >= 0 && missing % 2 === 0 && missing <= height / 4 ? missing / 2 : null
}
