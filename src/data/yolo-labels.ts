import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join, resolve, sep } from 'node:path'
import type { ObjectBox } from './detection.ts'
import {
  type AnnotatedImage,
  type DetectionFiles,
  type DetectionListOptions,
  detectionList,
} from './detection-list.ts'
import { DataError } from './errors.ts'
import { isImageName, listFolder } from './folder.ts'
import { Slots } from './slots.ts'

export interface YoloLabelsOptions extends DetectionListOptions {
  /** In the order of the labels; what a `.names` file or `classes.txt` says unless given. */
  readonly classes?: readonly string[]
  /** Of a `.data` file or a folder with parts: the training part, else the one for validation. True unless given. */
  readonly train?: boolean
}

const largestFile = 64 * 2 ** 20
const parallelReads = 16

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > largestFile)
      throw new DataError(path, `has ${size} bytes, which is too much for a text of labels`)
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
  } catch (error) {
    if (error instanceof DataError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new DataError(path, code === 'ENOENT' ? 'no such file' : message, { cause: error })
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/**
 * The objects of one label file of Darknet: a line of class, centre x and y, width and height for each, in shares of the image.
 * Throws a DataError with the line.
 */
export function parseYoloLabels(text: string, path: string, classes: number): ObjectBox[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    const content = line.trim()
    if (content === '') return []
    const fail = (why: string): DataError => new DataError(path, `line ${i + 1}: ${why}`)
    const cells = content.split(/\s+/)
    if (cells.length !== 5) {
      throw fail(
        `has ${cells.length} values; a box takes five: class, centre x and y, width and height` +
          (cells.length > 5 ? ' (outlines of objects are not read)' : ''),
      )
    }
    const [label, x, y, width, height] = cells.map(Number) as [number, number, number, number, number]
    if (![label, x, y, width, height].every(Number.isFinite))
      throw fail(`'${content.slice(0, 60)}' is not five numbers`)
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw fail(`class ${cells[0]} is not one of the ${classes} classes, counted from 0`)
    }
    if (x < 0 || x > 1 || y < 0 || y > 1 || width <= 0 || width > 1 || height <= 0 || height > 1) {
      throw fail(
        `'${content.slice(0, 60)}' is no box in shares of the image: centre 0 to 1, width and height above 0 to 1`,
      )
    }
    return [{ label, box: [x - width / 2, y - height / 2, x + width / 2, y + height / 2] as const }]
  })
}

/** Where an image's labels are: beside it, or in `labels` where it is in `images`. */
function labelPath(image: string): string {
  const text = `${image.slice(0, -extname(image).length)}.txt`
  const from = `${sep}images${sep}`
  const at = text.lastIndexOf(from)
  return at < 0 ? text : `${text.slice(0, at)}${sep}labels${sep}${text.slice(at + from.length)}`
}

async function readNames(path: string): Promise<string[]> {
  const names = (await readText(path)).split(/\r?\n/).map((name) => name.trim())
  while (names.at(-1) === '') names.pop()
  if (names.length === 0) throw new DataError(path, 'names no classes')
  const empty = names.indexOf('')
  if (empty >= 0) throw new DataError(path, `line ${empty + 1} is empty; the order of the names counts`)
  return names
}

/** Names in a folder, such as `obj.names` or `classes.txt`. */
async function namesIn(folder: string): Promise<string[] | null> {
  const { files } = await listFolder(folder)
  const file = files.find((name) => name === 'classes.txt') ?? files.find((name) => name.endsWith('.names'))
  return file === undefined ? null : readNames(join(folder, file))
}

/** Paths in such files are those of whoever runs Darknet; what is not there is looked for beside the file. */
async function located(path: string, beside: string): Promise<string> {
  if (isAbsolute(path)) return path
  const near = resolve(dirname(beside), path)
  return !(await exists(near)) && (await exists(resolve(path))) ? resolve(path) : near
}

interface Found {
  readonly images: readonly string[]
  readonly classes: readonly string[] | null
}

async function fromDataFile(path: string, train: boolean): Promise<Found> {
  const entries = new Map<string, string>()
  for (const [i, line] of (await readText(path)).split(/\r?\n/).entries()) {
    const content = line.replace(/[#;].*/, '').trim()
    if (content === '') continue
    const at = content.indexOf('=')
    if (at < 1) throw new DataError(path, `line ${i + 1} is no 'key = value'`)
    entries.set(content.slice(0, at).trim(), content.slice(at + 1).trim())
  }
  const key = train ? 'train' : 'valid'
  const list = entries.get(key)
  if (!list) throw new DataError(path, `has no entry '${key}', the list of images`)
  const names = entries.get('names')
  return {
    images: await fromList(await located(list, path)),
    classes: names ? await readNames(await located(names, path)) : null,
  }
}

async function fromList(path: string): Promise<string[]> {
  const lines = (await readText(path)).split(/\r?\n/).map((line) => line.trim())
  const slots = new Slots(parallelReads)
  return Promise.all(
    lines.flatMap((line, i) => {
      if (line === '') return []
      if (!isImageName(line))
        throw new DataError(path, `line ${i + 1}: '${line.slice(0, 80)}' is no image file`)
      return [slots.use(() => located(line, path))]
    }),
  )
}

async function imagesBelow(folder: string): Promise<string[]> {
  const { folders, files } = await listFolder(folder)
  const own = files.filter(isImageName).map((name) => join(folder, name))
  const below = await Promise.all(folders.map((name) => imagesBelow(join(folder, name))))
  return [...own, ...below.flat()]
}

const validationNames: readonly string[] = ['val', 'valid', 'validation', 'test']

/** The parts of a folder of labelled images: `images/train` and `images/val`, or `train/images` and `val/images`. */
async function partsOf(
  root: string,
): Promise<{ readonly train: string; readonly validation: string } | null> {
  const { folders } = await listFolder(root)
  const inside = folders.includes('images') ? (await listFolder(join(root, 'images'))).folders : []
  for (const [names, at] of [
    [inside, (part: string) => join(root, 'images', part)],
    [folders, (part: string) => join(root, part)],
  ] as const) {
    const other = validationNames.find((name) => names.includes(name))
    if (names.includes('train') && other) return { train: at('train'), validation: at(other) }
  }
  return null
}

/** Whether a folder tells images for training from those for validation. */
export async function hasYoloParts(root: string): Promise<boolean> {
  return (await partsOf(root)) !== null
}

async function fromFolder(root: string, train: boolean): Promise<Found> {
  const parts = await partsOf(root)
  const folder = parts ? (train ? parts.train : parts.validation) : root
  const { files } = await listFolder(root)
  const list = files.find((name) => name === (train ? 'train.txt' : 'valid.txt'))
  const images = !parts && list ? await fromList(join(root, list)) : await imagesBelow(folder)
  return { images, classes: await namesIn(root) }
}

/**
 * Images with Darknet's label files: a `.data` file (entries train, valid and names), a list of images (`train.txt`), or a folder of
 * images with their labels beside them or in `labels` instead of `images`, also in parts for training and validation. An image without
 * a label file has no objects, but at least one must have one. Throws a DataError naming the file and line.
 */
export async function yoloLabels(source: string, options: YoloLabelsOptions = {}): Promise<DetectionFiles> {
  const { train = true } = options
  const kind = extname(source)
  const found =
    kind === '.data'
      ? await fromDataFile(source, train)
      : kind === '.txt'
        ? { images: await fromList(source), classes: await namesIn(dirname(source)) }
        : await fromFolder(source, train)
  const classes = options.classes ?? found.classes
  if (!classes) {
    throw new DataError(
      source,
      'does not name its classes; a file classes.txt (or NAME.names) with one a line does',
    )
  }
  const slots = new Slots(parallelReads)
  let labelled = 0
  const images = await Promise.all(
    found.images.map((path) =>
      slots.use(async (): Promise<AnnotatedImage> => {
        const labels = labelPath(path)
        if (!(await exists(labels))) return { path, size: null, objects: [], relative: true }
        labelled++
        return {
          path,
          size: null,
          objects: parseYoloLabels(await readText(labels), labels, classes.length),
          relative: true,
        }
      }),
    ),
  )
  if (images.length > 0 && labelled === 0) {
    const expected = labelPath(found.images[0]!)
    throw new DataError(
      source,
      `none of its ${images.length} images has labels: of ${basename(found.images[0]!)} they would be in ${expected}`,
    )
  }
  return detectionList(source, images, classes, options)
}
