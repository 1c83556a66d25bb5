import { DarknetYolo } from '../models/darknet-boxes.ts'
import type { DarknetDetector } from '../models/darknet-network.ts'
import type { YoloScale } from './yolo-options.ts'

/**
 * The sections of a detector's scales, in the order of its maps: what yoloLoss takes. Throws a RangeError where layers of other
 * kinds give boxes: only those of YOLOv3 and v4 are trained.
 */
export function yoloScales(model: DarknetDetector): readonly YoloScale[] {
  const { numClasses: classes } = model
  // The number of classes may be another one than the section's.
  const scales = model
    .modules()
    .flatMap((module): YoloScale[] => (module instanceof DarknetYolo ? [{ ...module.section, classes }] : []))
  const maps = model.classifierNames().length
  if (scales.length !== maps || maps === 0) {
    throw new RangeError(
      `yoloScales: of the network's ${maps} layers that give boxes, ${scales.length} are [yolo] layers`,
    )
  }
  return scales
}
