import { checkIndex } from './dataset.ts'
import { readImage } from './decode.ts'
import type { DetectionDataset, ObjectBox } from './detection.ts'
import { DataError } from './errors.ts'
import { type ImageListOptions, withoutCorrupt } from './image-list.ts'

/** An image file and what its annotation says. */
export interface AnnotatedImage {
  readonly path: string
  /** The image's size in pixels, where the annotation tells it. */
  readonly size: { readonly width: number; readonly height: number } | null
  /** Boxes in pixels, or where `relative` in shares of the image's width and height. */
  readonly objects: readonly ObjectBox[]
  readonly relative: boolean
}

export type DetectionListOptions = Pick<ImageListOptions, 'skipCorrupt' | 'onSkip'>

export interface DetectionFiles extends DetectionDataset {
  readonly paths: readonly string[]
}

/**
 * A data set of annotated image files; each is decoded when it is asked for. Boxes are cut at the edges of their images, and those
 * of which nothing is left are dropped.
 * @param where What to name in errors, such as the folder they lie in.
 */
export async function detectionList(
  where: string,
  images: readonly AnnotatedImage[],
  classes: readonly string[],
  options: DetectionListOptions = {},
): Promise<DetectionFiles> {
  const kept = options.skipCorrupt ? await withoutCorrupt(images, options.onSkip) : images
  if (kept.length === 0) {
    throw new DataError(
      where,
      images.length > 0 ? `none of its ${images.length} images can be decoded` : 'holds no annotated images',
    )
  }
  return {
    length: kept.length,
    classes,
    paths: kept.map(({ path }) => path),
    async get(index) {
      checkIndex(where, index, kept.length)
      const { path, size, objects, relative } = kept[index]!
      const image = await readImage(path)
      const { width, height } = image
      if (size !== null && (size.width !== width || size.height !== height)) {
        throw new DataError(
          path,
          `is ${width} x ${height} pixels, but its annotation is for ${size.width} x ${size.height}, so that boxes ` +
            'would be wrong; correct the annotation or leave the image out',
        )
      }
      const [scaleX, scaleY] = relative ? [width, height] : [1, 1]
      return { image, objects: objects.flatMap((object) => within(object, scaleX, scaleY, width, height)) }
    },
    relativeSizes: () =>
      kept.flatMap(({ size, relative, objects }) => {
        const scale = relative ? { width: 1, height: 1 } : size
        if (scale === null) return []
        return objects
          .filter(({ crowd }) => !crowd)
          .map(({ box }) => [(box[2] - box[0]) / scale.width, (box[3] - box[1]) / scale.height] as const)
          .filter(([w, h]) => w > 0 && h > 0)
      }),
  }
}

function within(
  object: ObjectBox,
  scaleX: number,
  scaleY: number,
  width: number,
  height: number,
): ObjectBox[] {
  const [x1, y1, x2, y2] = object.box
  const cut = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit)
  const box = [
    cut(x1 * scaleX, width),
    cut(y1 * scaleY, height),
    cut(x2 * scaleX, width),
    cut(y2 * scaleY, height),
  ] as const
  return box[2] > box[0] && box[3] > box[1] ? [{ ...object, box }] : []
}
