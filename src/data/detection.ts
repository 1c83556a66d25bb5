import type { Image } from '../transforms/image.ts'
import type { Dataset } from './dataset.ts'

/** An object in an image. */
export interface ObjectBox {
  /** The index of its class. */
  readonly label: number
  /** Its corners: x to the right and y down, in pixels from the top left corner of the image. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number]
  /** Many objects in one box (COCO's `iscrowd`): neither learnt nor asked for. */
  readonly crowd?: boolean
  /** Hard to recognize (VOC's `difficult`): learnt, but not asked for. */
  readonly difficult?: boolean
  /** The object's own area in pixels, where that is known (COCO's is the mask's). */
  readonly area?: number
}

/** An image and the objects in it. */
export interface DetectionSample {
  readonly image: Image
  readonly objects: readonly ObjectBox[]
}

/** Images with objects; their classes are known. */
export interface DetectionDataset extends Dataset<DetectionSample> {
  readonly classes: readonly string[]
  /**
   * The widths and heights of all objects that are learnt, over those of their images, as far as annotations tell them without the
   * images: what anchors are found from.
   */
  readonly relativeSizes?: () => readonly (readonly [width: number, height: number])[]
}

/** A data set of samples that are in memory. */
export function detectionSamples(
  samples: readonly DetectionSample[],
  classes: readonly string[],
): DetectionDataset {
  for (const [i, { objects }] of samples.entries()) {
    for (const { label } of objects) {
      if (Number.isInteger(label) && label >= 0 && label < classes.length) continue
      throw new RangeError(`sample ${i}: class ${label} is not one of the ${classes.length} classes`)
    }
  }
  return {
    length: samples.length,
    classes,
    get: (index) => {
      const sample = samples[index]
      if (sample) return sample
      throw new RangeError(`detectionSamples: sample ${index} does not exist; there are ${samples.length}`)
    },
    relativeSizes: () =>
      samples.flatMap(({ image: { width, height }, objects }) =>
        objects
          .filter(({ crowd }) => !crowd)
          .map(({ box }) => [(box[2] - box[0]) / width, (box[3] - box[1]) / height] as const),
      ),
  }
}
