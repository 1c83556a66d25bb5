import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DataError } from './errors.ts'
import { isImageName, listFolder } from './folder.ts'
import { type ImageDataset, type ImageListOptions, imageList, type LabelledImage } from './image-list.ts'

export interface LabelledImagesOptions extends ImageListOptions {
  /** The classes in the order of the labels. Unless given: the names found, sorted, or the numbers. */
  readonly classes?: readonly string[]
}

export interface LabelsFileOptions extends LabelledImagesOptions {
  /** The labels file, relative to the folder; `labels.csv` unless given. */
  readonly labels?: string
}

/**
 * Images in one folder and a file with one line for each: its name and its class, separated by a comma, a semicolon, a tab
 * or spaces. A class is a name or a number counted from 0. A first line that names no image is a heading.
 */
export async function labelledImages(folder: string, options: LabelsFileOptions = {}): Promise<ImageDataset> {
  const path = resolve(folder, options.labels ?? 'labels.csv')
  const rows = await readTable(path)
  if (rows.length > 0 && !isImageName(rows[0]!.cells[0]!)) rows.shift()
  const named = rows.map(({ line, cells }) => {
    const [name, value] = cells
    if (!name || !value) throw new DataError(path, `line ${line} needs an image's name and its class`)
    return { path: join(folder, name), value, source: `line ${line}` }
  })
  return fromNames(folder, path, named, options)
}

/** Images in one folder whose names begin with their class and an underscore, such as `n01440764_tench.jpg`. */
export async function prefixedImages(
  folder: string,
  options: LabelledImagesOptions = {},
): Promise<ImageDataset> {
  const { files } = await listFolder(folder)
  const named = files.filter(isImageName).map((name) => {
    const value = name.slice(0, Math.max(name.indexOf('_'), 0))
    if (value === '') {
      throw new DataError(join(folder, name), 'does not begin with a class and an underscore')
    }
    return { path: join(folder, name), value, source: name }
  })
  return fromNames(folder, folder, named, options)
}

interface Named {
  readonly path: string
  readonly value: string
  readonly source: string
}

function fromNames(
  folder: string,
  labelsFrom: string,
  named: readonly Named[],
  options: LabelledImagesOptions,
): Promise<ImageDataset> {
  const values = new Set(named.map(({ value }) => value))
  const numbered = [...values].every((value) => /^\d+$/.test(value))
  const classes = options.classes ?? (numbered ? numbersUpTo(values) : [...values].sort())
  const indexOf = new Map(classes.map((name, i) => [name, i]))
  const images = named.map(({ path, value, source }): LabelledImage => {
    const label =
      indexOf.get(value) ?? (numbered && Number(value) < classes.length ? Number(value) : undefined)
    if (label === undefined) {
      throw new DataError(labelsFrom, `${source}: ${value} is not one of the ${classes.length} classes`)
    }
    return { path, label }
  })
  return imageList(folder, images, classes, options)
}

function numbersUpTo(values: ReadonlySet<string>): string[] {
  const most = Math.max(...Array.from(values, Number), -1)
  return Array.from({ length: most + 1 }, (_, i) => String(i))
}

export interface TableRow {
  /** Counted from 1. */
  readonly line: number
  readonly cells: readonly string[]
}

/** The lines of a table without quoting: cells separated by commas, semicolons or tabs, or else by spaces. */
export async function readTable(path: string): Promise<TableRow[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new DataError(path, code === 'ENOENT' ? 'no such file' : message, { cause: error })
  }
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((content, i) => ({ line: i + 1, content: content.trim() }))
    .filter(({ content }) => content !== '')
    .map(({ line, content }) => {
      const separator = /[,;\t]/.exec(content)?.[0] ?? /\s+/
      return { line, cells: content.split(separator).map((cell) => cell.trim()) }
    })
}
