export {
  centerCrop,
  type RandomCropOptions,
  type RandomResizedCropOptions,
  randomCrop,
  randomResizedCrop,
} from './crop.ts'
export { transformFrom } from './describe.ts'
export { type ColorDistortion, randomDistortColors } from './distort-colors.ts'
export { evaluationTransform, imagenetMean, imagenetStd, type Preprocessing, toInput } from './evaluation.ts'
export { randomHorizontalFlip } from './flip.ts'
export { grayscale } from './grayscale.ts'
export { type Image, makeImage, type Size } from './image.ts'
export { normalize, type ToTensorOptions, toTensor } from './normalize.ts'
export { type Padding, type PaddingMode, type PadOptions, pad } from './pad.ts'
export type { Interpolation } from './resample.ts'
export { type ResizeOptions, resize } from './resize.ts'
export { reverseChannels } from './reverse-channels.ts'
export { compose, type Transform, type TransformDescription } from './transform.ts'
