import { type Tensor, tensor } from '../tensor/index.ts'

/** An object of an image as a detector learns it. */
export interface TargetBox {
  /** Its class, from 0. */
  readonly label: number
  /** The centre, width and height, over the image's width and height. */
  readonly center: readonly [x: number, y: number]
  readonly size: readonly [width: number, height: number]
}

/** Objects of a tensor at most, unless told otherwise: as many as Darknet takes of an image. */
const usualLimit = 200

/**
 * The objects of a batch's images as one tensor [batch, objects, 5] of centre x and y, width, height and class; rows of 0 fill
 * up. The number of objects is the largest of an image raised to 8, 16, 32 …, so that few programs serve all batches. Of an image
 * with more than `limit` (200 unless given) the last ones are left out. Throws a RangeError naming an object that is not finite, has
 * no area, or has a class that is not one of `classes`.
 */
export function stackTargets(
  images: readonly (readonly TargetBox[])[],
  classes: number,
  limit: number = usualLimit,
): Tensor {
  const most = Math.min(Math.max(...images.map(({ length }) => length), 0), limit)
  const rows = 2 ** Math.max(Math.ceil(Math.log2(Math.max(most, 1))), 3)
  const values = new Float32Array(images.length * rows * 5)
  for (const [i, boxes] of images.entries()) {
    for (const [place, { label, center, size }] of boxes.slice(0, limit).entries()) {
      const numbers = [...center, ...size]
      if (!numbers.every(Number.isFinite) || !(size[0] > 0 && size[1] > 0)) {
        throw new RangeError(
          `object ${place} of image ${i}: needs a finite centre and an area, got [${numbers}]`,
        )
      }
      if (!Number.isInteger(label) || label < 0 || label >= classes) {
        throw new RangeError(
          `object ${place} of image ${i}: class ${label} is not one of the ${classes} classes`,
        )
      }
      values.set([...numbers, label], (i * rows + place) * 5)
    }
  }
  return tensor(values, [images.length, rows, 5])
}
