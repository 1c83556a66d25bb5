import type { Generator } from '../tensor/generator.ts'
import type { Transform } from '../transforms/transform.ts'
import { checkIndex, type Dataset, type Sample } from './dataset.ts'
import { ImageDecodeError, readImage } from './decode.ts'
import { DataError } from './errors.ts'
import { Slots } from './slots.ts'

export interface LabelledImage {
  readonly path: string
  /** The index of its class. */
  readonly label: number
}

export interface ImageListOptions {
  readonly transform?: Transform
  /**
   * Decodes every image once before anything else and leaves out those that cannot be; otherwise the first one that is
   * asked for throws an ImageDecodeError.
   */
  readonly skipCorrupt?: boolean
  /** Told of every image left out. */
  readonly onSkip?: (error: ImageDecodeError) => void
}

/** Image files with labels; each is decoded when it is asked for. */
export interface ImageDataset extends Dataset {
  readonly classes: readonly string[]
  readonly paths: readonly string[]
  readonly labels: Int32Array
  get(index: number, generator?: Generator): Promise<Sample>
}

const parallelChecks = 8

/**
 * A data set of image files.
 * @param where What to name in errors, such as the folder they lie in.
 */
export async function imageList(
  where: string,
  images: readonly LabelledImage[],
  classes: readonly string[],
  options: ImageListOptions = {},
): Promise<ImageDataset> {
  const { transform } = options
  const kept = options.skipCorrupt ? await withoutCorrupt(images, options.onSkip) : images
  if (kept.length === 0) {
    throw new DataError(
      where,
      images.length > 0 ? `none of its ${images.length} images can be decoded` : 'holds no images',
    )
  }
  const paths = kept.map(({ path }) => path)
  const labels = Int32Array.from(kept, ({ label }) => label)
  return {
    length: kept.length,
    classes,
    paths,
    labels,
    async get(index, generator) {
      checkIndex(where, index, kept.length)
      const image = await readImage(paths[index]!)
      return { image: transform ? transform.apply(image, generator) : image, label: labels[index]! }
    },
  }
}

/** Those of the images that can be decoded. */
export async function withoutCorrupt<T extends { readonly path: string }>(
  images: readonly T[],
  onSkip: ImageListOptions['onSkip'],
): Promise<readonly T[]> {
  const slots = new Slots(parallelChecks)
  const errors = await Promise.all(images.map(({ path }) => slots.use(() => decodeErrorOf(path))))
  for (const error of errors) if (error) onSkip?.(error)
  return images.filter((_, i) => errors[i] === undefined)
}

function decodeErrorOf(path: string): Promise<ImageDecodeError | undefined> {
  return readImage(path).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof ImageDecodeError) return error
      throw error
    },
  )
}
