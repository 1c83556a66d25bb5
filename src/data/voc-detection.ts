import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectBox } from './detection.ts'
import {
  type AnnotatedImage,
  type DetectionFiles,
  type DetectionListOptions,
  detectionList,
} from './detection-list.ts'
import { DataError } from './errors.ts'
import { listFolder } from './folder.ts'
import { vocClasses } from './voc-classes.ts'
import { parseAnnotationXml, type XmlElement } from './voc-xml.ts'

export interface VocDetectionOptions extends DetectionListOptions {
  /** The list in ImageSets/Main, such as `trainval`; all annotated images unless given. */
  readonly set?: string
  /** In the order of the labels. Unless given: VOC's twenty where they cover what is found, else the names found, sorted. */
  readonly classes?: readonly string[]
}

/** What an annotation file says. */
export interface VocAnnotation {
  readonly filename: string | null
  readonly size: { readonly width: number; readonly height: number } | null
  readonly objects: readonly (Omit<ObjectBox, 'label'> & { readonly name: string })[]
}

/** No real annotation comes near. */
const largestFile = 16 * 2 ** 20

/**
 * Images with objects as PASCAL VOC has them: a folder with `Annotations` (an XML file for each image), `JPEGImages` and lists in
 * `ImageSets/Main`; or a folder of such folders (VOC2007, VOC2012). Throws a DataError naming the file and line.
 */
export async function vocDetection(root: string, options: VocDetectionOptions = {}): Promise<DetectionFiles> {
  const roots = await vocRoots(root)
  if (roots.length === 0) throw new DataError(root, 'holds no folder Annotations, nor folders that do')
  const read: { readonly path: string; readonly from: string; readonly annotation: VocAnnotation }[] = []
  for (const folder of roots) {
    const names = options.set === undefined ? await annotated(folder) : await listed(folder, options.set)
    for (const name of names) {
      const from = join(folder, 'Annotations', `${name}.xml`)
      const annotation = parseVocAnnotation(await readText(from), from)
      const file = annotation.filename ?? `${name}.jpg`
      if (/[\\/]|^\.\.?$/.test(file))
        throw new DataError(from, `the file name '${file}' must be one without folders`)
      read.push({ path: join(folder, 'JPEGImages', file), from, annotation })
    }
  }
  const found = new Set(read.flatMap(({ annotation }) => annotation.objects.map(({ name }) => name)))
  const classes =
    options.classes ??
    ([...found].every((name) => vocClasses.includes(name)) ? vocClasses : [...found].sort())
  const places = new Map(classes.map((name, i) => [name, i]))
  const images = read.map(({ path, from, annotation }): AnnotatedImage => {
    const objects = annotation.objects.map(({ name, ...object }): ObjectBox => {
      const label = places.get(name)
      if (label === undefined)
        throw new DataError(from, `'${name}' is not one of the ${classes.length} classes`)
      return { ...object, label }
    })
    return { path, size: annotation.size, objects, relative: false }
  })
  return detectionList(root, images, classes, options)
}

/** The folders with annotations: the folder itself, or those in it. */
export async function vocRoots(root: string): Promise<string[]> {
  const { folders } = await listFolder(root)
  if (folders.includes('Annotations')) return [root]
  const below = await Promise.all(
    folders.map(async (name) => {
      const inner = await listFolder(join(root, name))
      return inner.folders.includes('Annotations') && inner.folders.includes('JPEGImages')
        ? [join(root, name)]
        : []
    }),
  )
  return below.flat()
}

/** The lists in ImageSets/Main that all of the folders have. */
export async function vocSets(roots: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    roots.map(async (root) => {
      const { folders } = await listFolder(root)
      if (!folders.includes('ImageSets')) return []
      const sets = await listFolder(join(root, 'ImageSets'))
      if (!sets.folders.includes('Main')) return []
      const { files } = await listFolder(join(root, 'ImageSets', 'Main'))
      return files.filter((name) => name.endsWith('.txt')).map((name) => name.slice(0, -4))
    }),
  )
  return lists.reduce((common, names) => common.filter((name) => names.includes(name)))
}

async function annotated(folder: string): Promise<string[]> {
  const { files } = await listFolder(join(folder, 'Annotations'))
  return files.filter((name) => name.endsWith('.xml')).map((name) => name.slice(0, -4))
}

/** The lists of single classes have a second column, 1 where the class is in the image. */
async function listed(folder: string, set: string): Promise<string[]> {
  const path = join(folder, 'ImageSets', 'Main', `${set}.txt`)
  const names = (await readText(path)).split(/\r?\n/).map((row) => row.trim())
  return names.flatMap((row, i) => {
    if (row === '') return []
    const [name, flag] = row.split(/\s+/) as [string, string?]
    if (/[\\/]|^\.\.?$/.test(name)) throw new DataError(path, `line ${i + 1}: '${name}' is no image's name`)
    return flag === '-1' ? [] : [name]
  })
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > largestFile) throw new DataError(path, `has ${size} bytes, which no annotation has`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof DataError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new DataError(path, code === 'ENOENT' ? 'no such file' : message, { cause: error })
  }
}

/**
 * Reads one annotation. VOC counts pixels from 1 and names the last one, so that boxes begin at xmin - 1 and end at xmax. Throws a
 * DataError with the line of what is missing or wrong.
 */
export function parseVocAnnotation(text: string, path: string): VocAnnotation {
  const root = parseAnnotationXml(text, path)
  if (root.name !== 'annotation') {
    throw new DataError(path, `line ${root.line}: begins with <${root.name}>, not with <annotation>`)
  }
  const child = (element: XmlElement, name: string): XmlElement | undefined =>
    element.children.find((candidate) => candidate.name === name)
  const need = (element: XmlElement, name: string): XmlElement => {
    const found = child(element, name)
    if (found) return found
    throw new DataError(path, `line ${element.line}: <${element.name}> has no <${name}>`)
  }
  const number = (element: XmlElement): number => {
    const value = Number(element.text)
    if (element.text !== '' && Number.isFinite(value)) return value
    throw new DataError(
      path,
      `line ${element.line}: <${element.name}> must be a number, got '${element.text.slice(0, 40)}'`,
    )
  }
  const size = child(root, 'size')
  const [width, height] = size ? [number(need(size, 'width')), number(need(size, 'height'))] : [0, 0]
  const flag = (element: XmlElement, name: string): boolean => {
    const found = child(element, name)
    return found !== undefined && found.text !== '' && number(found) !== 0
  }
  const objects = root.children
    .filter(({ name }) => name === 'object')
    .map((element) => {
      const name = need(element, 'name').text
      if (name === '') throw new DataError(path, `line ${element.line}: an object's <name> is empty`)
      const corners = need(element, 'bndbox')
      const [xmin, ymin, xmax, ymax] = ['xmin', 'ymin', 'xmax', 'ymax'].map((side) =>
        number(need(corners, side)),
      ) as [number, number, number, number]
      if (xmax < xmin || ymax < ymin) {
        throw new DataError(
          path,
          `line ${corners.line}: the box ends before it begins: x ${xmin} to ${xmax}, y ${ymin} to ${ymax}`,
        )
      }
      const difficult = flag(element, 'difficult')
      return { name, box: [xmin - 1, ymin - 1, xmax, ymax] as const, ...(difficult && { difficult }) }
    })
  const filename = child(root, 'filename')?.text
  // Some tools leave the size at 0.
  return { filename: filename || null, size: width > 0 && height > 0 ? { width, height } : null, objects }
}
