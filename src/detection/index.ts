export { type AnchorOptions, type FoundAnchors, findAnchors } from './anchors.ts'
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
export { stackTargets, type TargetBox } from './targets.ts'
export { yoloLoss } from './yolo-loss.ts'
export { type YoloLossOptions, type YoloScale, yoloLossOptions } from './yolo-options.ts'
