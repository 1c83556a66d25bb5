import { centerCrop } from './crop.ts'
import { grayscale } from './grayscale.ts'
import { type Size, toSize } from './image.ts'
import { normalize, toTensor } from './normalize.ts'
import type { Interpolation } from './resample.ts'
import { resize } from './resize.ts'
import { reverseChannels } from './reverse-channels.ts'
import { compose, type Transform } from './transform.ts'

/** How a network wants its photographs; weights carry one. Plain JSON. */
export interface Preprocessing {
  /** The side of the square the network sees, or [height, width]. */
  readonly inputSize: number | Size
  /** What the image is resized to before the central crop: its shorter side, or exactly [height, width]. */
  readonly resize?: number | Size
  /** In place of `resize`: the crop's share of the resized shorter side, such as 0.875 (timm's crop_pct). 1 unless given. */
  readonly cropPct?: number
  readonly interpolation?: Interpolation
  /** The order of the channels that the network sees, and of `mean` and `std`. 'rgb' unless given. */
  readonly channelOrder?: 'rgb' | 'bgr'
  /** One value a channel; no normalisation unless both are given. */
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  /** 1: values in [0, 1] before normalisation; 255: raw. */
  readonly range?: 1 | 255
  /** 1 for networks that see grey images; 3 unless given; others for those that see no photographs. */
  readonly channels?: number
}

/** ImageNet's means and standard deviations, as torchvision's and most of timm's networks use them. */
export const imagenetMean: readonly number[] = [0.485, 0.456, 0.406]
export const imagenetStd: readonly number[] = [0.229, 0.224, 0.225]

/** The usual evaluation transform: resize, central crop, to float, normalise. */
export function evaluationTransform(preprocessing: Preprocessing): Transform {
  const { inputSize, cropPct = 1, interpolation = 'bilinear', channels } = preprocessing
  if (!(cropPct > 0 && cropPct <= 1)) {
    throw new RangeError(`evaluationTransform: cropPct is above 0 and at most 1, got ${cropPct}`)
  }
  const resizeSize = preprocessing.resize ?? beforeCrop(inputSize, cropPct)
  return compose([
    ...(channels === 1 ? [grayscale(1)] : []),
    resize(resizeSize, { interpolation }),
    centerCrop(inputSize),
    ...toInput(preprocessing),
  ])
}

/** The last steps, which random changes of training come before: to float, the order of the channels, normalise. */
export function toInput({ mean, std, range = 1, channelOrder }: Preprocessing): Transform[] {
  if ((mean === undefined) !== (std === undefined)) {
    throw new TypeError('evaluationTransform: give both mean and std, or neither')
  }
  return [
    toTensor({ range }),
    ...(channelOrder === 'bgr' ? [reverseChannels()] : []),
    ...(mean && std ? [normalize(mean, std)] : []),
  ]
}

/** timm's rule: a square is the shorter side, other shapes are resized to their own proportions. */
function beforeCrop(inputSize: number | Size, cropPct: number): number | Size {
  const [height, width] = toSize(inputSize, 'evaluationTransform')
  const grown: Size = [Math.floor(height / cropPct), Math.floor(width / cropPct)]
  return height === width ? grown[0] : grown
}
