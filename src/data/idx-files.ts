import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from './dataset.ts'
import { DataError } from './errors.ts'
import { type IdxArray, type IdxDatasetOptions, idxDataset, parseIdx } from './idx.ts'

export interface MnistOptions extends IdxDatasetOptions {
  /** The training images; otherwise the test images. True unless given. */
  readonly train?: boolean
}

/**
 * MNIST, or a set in its format such as Fashion-MNIST: a folder with the four standard files, plain or gzipped
 * (`train-images-idx3-ubyte.gz`, …), or torchvision's folder above it. Throws a DataError naming what is missing or wrong.
 */
export async function mnist(
  folder: string,
  options: MnistOptions = {},
): Promise<Dataset & { readonly classes: readonly string[] }> {
  const part = (options.train ?? true) ? 'train' : 't10k'
  const images = await readStandard(folder, `${part}-images`, 3)
  const labels = await readStandard(folder, `${part}-labels`, 1)
  if (images.array.shape[0] !== labels.array.shape[0]) {
    throw new DataError(
      images.path,
      `holds ${images.array.shape[0]} images, ${labels.path} ${labels.array.shape[0]} labels; ` +
        'they belong to different sets',
    )
  }
  return idxDataset(images.array, labels.array, options)
}

/** Whether a folder holds one of MNIST's standard files. */
export async function isMnistFolder(folder: string): Promise<boolean> {
  const found = await Promise.all(
    ['train-labels', 't10k-labels'].map((name) => findStandard(folder, name, 1)),
  )
  return found.some((path) => path !== undefined)
}

/** Reads one IDX file, plain or gzipped. Throws a DataError. */
export async function readIdx(path: string): Promise<IdxArray> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new DataError(path, code === 'ENOENT' ? 'no such file' : message, { cause: error })
  }
  return parseIdx(bytes, path)
}

async function readStandard(
  folder: string,
  name: string,
  rank: number,
): Promise<{ readonly path: string; readonly array: IdxArray }> {
  const path = await findStandard(folder, name, rank)
  if (path === undefined) {
    throw new DataError(
      folder,
      `holds no ${name}-idx${rank}-ubyte, plain or .gz; put MNIST's four files there`,
    )
  }
  const array = await readIdx(path)
  if (array.shape.length !== rank) {
    throw new DataError(path, `has ${array.shape.length} axes, ${name} have ${rank}`)
  }
  return { path, array }
}

async function findStandard(folder: string, name: string, rank: number): Promise<string | undefined> {
  for (const inner of ['', 'raw', join('MNIST', 'raw')]) {
    for (const separator of ['-', '.']) {
      for (const ending of ['', '.gz']) {
        const path = join(folder, inner, `${name}${separator}idx${rank}-ubyte${ending}`)
        if (await exists(path)) return path
      }
    }
  }
  return undefined
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
