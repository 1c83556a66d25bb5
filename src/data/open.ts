import { join } from 'node:path'
import type { Transform } from '../transforms/transform.ts'
import type { Dataset } from './dataset.ts'
import { DataError } from './errors.ts'
import { imageKinds, isImageName, type Listing, listFolder } from './folder.ts'
import { isMnistFolder, mnist } from './idx-files.ts'
import { imageFolder } from './image-folder.ts'
import type { ImageListOptions } from './image-list.ts'
import { imageRows, isRowTable } from './image-rows.ts'
import { labelledImages, prefixedImages, readTable } from './labelled-folder.ts'

export interface OpenDatasetOptions extends ImageListOptions {
  /** The training part where the folder has parts; otherwise the test or validation part. True unless given. */
  readonly train?: boolean
  /** The classes in the order of the labels; what the folder says unless given. */
  readonly classes?: readonly string[]
  readonly transform?: Transform
}

export type DatasetLayout = 'mnist' | 'class folders' | 'labels file' | 'labels in file names' | 'image rows'

export interface OpenedDataset {
  readonly dataset: Dataset & { readonly classes: readonly string[] }
  readonly layout: DatasetLayout
  /** Whether the folder tells training images from test images; if not, `train` made no difference. */
  readonly hasParts: boolean
}

/**
 * Opens a folder of labelled images in whichever layout it has: MNIST's files; `train` beside `val`, `valid`, `validation`
 * or `test`; a labels file (`labels.csv`, `.tsv` or `.txt`); a folder for each class; or classes in the file names.
 */
export async function openDataset(folder: string, options: OpenDatasetOptions = {}): Promise<OpenedDataset> {
  if (await isMnistFolder(folder)) {
    return { dataset: await mnist(folder, options), layout: 'mnist', hasParts: true }
  }
  const listing = await listFolder(folder)
  const tests = ['test', 'val', 'valid', 'validation'].filter((name) => listing.folders.includes(name))
  if (listing.folders.includes('train') && tests.length > 0) {
    const training = await listFolder(join(folder, 'train'))
    if (options.train ?? true) {
      return { ...(await openPart(join(folder, 'train'), training, options)), hasParts: true }
    }
    // A validation part is preferred: a test part beside it is meant for the very end.
    const part = join(folder, tests.at(-1)!)
    // A part that lacks a class must not number the others anew.
    const classes = options.classes ?? (training.folders.length > 0 ? training.folders : undefined)
    const opened = await openPart(part, await listFolder(part), { ...options, ...(classes && { classes }) })
    return { ...opened, hasParts: true }
  }
  return { ...(await openPart(folder, listing, options)), hasParts: false }
}

async function openPart(
  folder: string,
  { folders, files }: Listing,
  options: OpenDatasetOptions,
): Promise<Omit<OpenedDataset, 'hasParts'>> {
  const labels = files.find((name) => /^labels\.(csv|tsv|txt)$/.test(name))
  if (labels !== undefined) {
    return isRowTable(await readTable(join(folder, labels)))
      ? { dataset: await imageRows(folder, options), layout: 'image rows' }
      : { dataset: await labelledImages(folder, { ...options, labels }), layout: 'labels file' }
  }
  if (folders.length > 0 || files.length === 0) {
    return { dataset: await imageFolder(folder, options), layout: 'class folders' }
  }
  const images = files.filter(isImageName)
  if (images.length > 0 && images.every((name) => name.indexOf('_') > 0)) {
    return { dataset: await prefixedImages(folder, options), layout: 'labels in file names' }
  }
  throw new DataError(
    folder,
    `holds no labelled images (${imageKinds}): it needs a folder for each class, a file labels.csv, ` +
      'names that begin with the class and an underscore, or the files of MNIST',
  )
}
