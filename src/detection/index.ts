export { type AnchorOptions, type FoundAnchors, findAnchors } from './anchors.ts'
export { augmentDetection, type DetectionAugmentation, type DetectorInput, detectorInput } from './augment.ts'
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
export { darknetRate } from './darknet-rate.ts'
export { type Detection, type DetectOptions, Detector, detect } from './detect.ts'
export { classColor, type DrawnBox, type DrawOptions, drawBoxes, type RgbColor } from './draw.ts'
export {
  type DetectionBatches,
  type EvaluateDetectorOptions,
  evaluateDetector,
  truthsOf,
} from './evaluate.ts'
export { type BatchBoxes, type FoundBoxesOptions, foundBoxes } from './found-boxes.ts'
export { letterbox, type Placed, type Placement, squash, toPhotograph } from './letterbox.ts'
export { type DetectionBatch, DetectionLoader, type DetectionLoaderOptions } from './loader.ts'
export { nonMaximumSuppression, type SuppressionOptions } from './non-maximum-suppression.ts'
export { stackTargets, type TargetBox } from './targets.ts'
export { yoloLoss } from './yolo-loss.ts'
export { type YoloLossOptions, type YoloScale, yoloLossOptions } from './yolo-options.ts'
export { yoloScales } from './yolo-scales.ts'
