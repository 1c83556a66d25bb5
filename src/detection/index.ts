export {
  type Box,
  type BoxFormat,
  type BoxOverlap,
  boxArea,
  boxOverlap,
  clipBox,
  convertBoxes,
  pairwiseOverlap,
} from './boxes.ts'
export { type Detection, type DetectOptions, Detector, detect } from './detect.ts'
export { classColor, type DrawnBox, type DrawOptions, drawBoxes, type RgbColor } from './draw.ts'
export { letterbox, type Placed, type Placement, squash, toPhotograph } from './letterbox.ts'
export { nonMaximumSuppression, type SuppressionOptions } from './non-maximum-suppression.ts'
