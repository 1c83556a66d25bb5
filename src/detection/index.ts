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
