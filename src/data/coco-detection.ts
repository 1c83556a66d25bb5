import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectBox } from './detection.ts'
import {
  type AnnotatedImage,
  type DetectionFiles,
  type DetectionListOptions,
  detectionList,
} from './detection-list.ts'
import { DataError } from './errors.ts'

export interface CocoDetectionOptions extends DetectionListOptions {
  /** The categories' names in the order of the labels; those of the file by their ids unless given. */
  readonly classes?: readonly string[]
}

/** What an annotation file of COCO says. */
export interface CocoAnnotations {
  /** The categories' names, by their ids. */
  readonly classes: readonly string[]
  /** The category ids, in the order of `classes`. */
  readonly categoryIds: readonly number[]
  readonly images: readonly {
    readonly id: number
    readonly file: string
    readonly size: AnnotatedImage['size']
    readonly objects: readonly ObjectBox[]
  }[]
}

type Json = unknown

/**
 * Images with objects as COCO has them: an `instances_*.json` file, and the folder of its images. Boxes are taken, outlines are not.
 * Throws a DataError naming the record that is wrong.
 */
export async function cocoDetection(
  file: string,
  imageFolder: string,
  options: CocoDetectionOptions = {},
): Promise<DetectionFiles> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new DataError(file, code === 'ENOENT' ? 'no such file' : message, { cause: error })
  }
  const { classes: own, images } = parseCocoAnnotations(text, file)
  const classes = options.classes ?? own
  const labels = own.map((name) => classes.indexOf(name))
  const unknown = labels.indexOf(-1)
  if (unknown >= 0) {
    throw new DataError(file, `its category '${own[unknown]}' is not one of the ${classes.length} classes`)
  }
  return detectionList(
    file,
    images.map(({ file: name, size, objects }) => ({
      path: join(imageFolder, name),
      size,
      objects: objects.map((object) => ({ ...object, label: labels[object.label]! })),
      relative: false,
    })),
    classes,
    options,
  )
}

/** Reads the text of an annotation file. Throws a DataError naming the record that is wrong. */
export function parseCocoAnnotations(text: string, path: string): CocoAnnotations {
  let root: Json
  try {
    root = JSON.parse(text)
  } catch (error) {
    throw new DataError(path, `is no JSON: ${(error as Error).message}`, { cause: error })
  }
  if (!isRecord(root)) throw new DataError(path, 'must be an object with images, annotations and categories')
  const list = (key: string): readonly Json[] => {
    const value = root[key]
    if (Array.isArray(value)) return value
    throw new DataError(path, `has no list '${key}'`)
  }
  const fail = (where: string, why: string): DataError => new DataError(path, `${where}: ${why}`)
  const record = (value: Json, where: string): Record<string, Json> => {
    if (isRecord(value)) return value
    throw fail(where, 'is no object')
  }
  const integer = (value: Json, where: string, key: string): number => {
    if (Number.isSafeInteger(value)) return value as number
    throw fail(where, `${key} must be an integer, got ${JSON.stringify(value) ?? 'nothing'}`)
  }
  const categories = list('categories')
    .map((value, i) => {
      const { id, name } = record(value, `category ${i}`)
      if (typeof name !== 'string' || name === '') throw fail(`category ${i}`, 'has no name')
      return { id: integer(id, `category ${i}`, 'id'), name }
    })
    .sort((a, b) => a.id - b.id)
  const labels = new Map(categories.map(({ id }, label) => [id, label]))
  if (labels.size !== categories.length) throw new DataError(path, 'two categories have the same id')
  const images = new Map<
    number,
    { id: number; file: string; size: AnnotatedImage['size']; objects: ObjectBox[] }
  >()
  for (const [i, value] of list('images').entries()) {
    const where = `image ${i}`
    const { id: given, file_name: file, width, height } = record(value, where)
    const id = integer(given, where, 'id')
    if (typeof file !== 'string' || file === '' || /^[\\/]|(^|[\\/])\.\.([\\/]|$)/.test(file)) {
      throw fail(
        where,
        `file_name must be a path below the images' folder, got ${JSON.stringify(file) ?? 'nothing'}`,
      )
    }
    if (images.has(id)) throw fail(where, `another image has the id ${id}`)
    const known = [width, height].every((side) => Number.isSafeInteger(side) && (side as number) > 0)
    const size = known ? { width: width as number, height: height as number } : null
    images.set(id, { id, file, size, objects: [] })
  }
  for (const [i, value] of list('annotations').entries()) {
    const where = `annotation ${i}`
    const { image_id, category_id, bbox, iscrowd, area } = record(value, where)
    const image = images.get(integer(image_id, where, 'image_id'))
    if (!image) throw fail(where, `there is no image with the id ${image_id}`)
    const label = labels.get(integer(category_id, where, 'category_id'))
    if (label === undefined) throw fail(where, `there is no category with the id ${category_id}`)
    if (
      !Array.isArray(bbox) ||
      bbox.length !== 4 ||
      !bbox.every((v) => typeof v === 'number' && Number.isFinite(v))
    ) {
      throw fail(where, 'bbox must be four numbers: x, y, width and height')
    }
    const [x, y, width, height] = bbox as [number, number, number, number]
    if (width < 0 || height < 0) throw fail(where, `bbox has a negative size: ${width} x ${height}`)
    image.objects.push({
      label,
      box: [x, y, x + width, y + height],
      ...((iscrowd === 1 || iscrowd === true) && { crowd: true }),
      ...(typeof area === 'number' && area >= 0 && { area }),
    })
  }
  return {
    classes: categories.map(({ name }) => name),
    categoryIds: categories.map(({ id }) => id),
    images: [...images.values()],
  }
}

function isRecord(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
