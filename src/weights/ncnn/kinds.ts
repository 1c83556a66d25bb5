import { convolutions } from './convolutions.ts'
import { elementwiseKinds } from './elementwise.ts'
import type { Kind } from './kind.ts'
import { normalizationKinds } from './normalization.ts'
import { shapeKinds } from './shapes.ts'

/** Types of layers by their names in .param files. Input is no kind: it makes nothing of anything. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  Object.entries({ ...convolutions, ...elementwiseKinds, ...normalizationKinds, ...shapeKinds }),
)

/** What turns a detector's numbers into boxes: left out, so that a network ends with those numbers. They have no weights. */
export const leftOut: ReadonlySet<string> = new Set([
  'DetectionOutput',
  'PriorBox',
  'Yolov3DetectionOutput',
  'YoloDetectionOutput',
])
