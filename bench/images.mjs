// MNIST as plain bytes, which a worker of any language reads.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digits } from '../dist/data/index.js'
import { isMnistFolder, mnist } from '../dist/data/node.js'
import { cache } from './paths.mjs'

const size = 28

/** The middle 28 x 28 of a grey image. */
function middle({ width, height, data }) {
  if (width === size && height === size) return data
  const [left, top] = [(width - size) >> 1, (height - size) >> 1]
  const result = new Uint8Array(size * size)
  for (let y = 0; y < size; y++) {
    const start = (top + y) * width + left
    result.set(data.subarray(start, start + size), y * size)
  }
  return result
}

function write(folder, part, dataset, count) {
  if (dataset.length < count)
    throw new Error(`the ${part} set has ${dataset.length} images, and the benchmark takes ${count}`)
  const [pixels, labels] = [new Uint8Array(count * size * size), new Uint8Array(count)]
  for (let i = 0; i < count; i++) {
    const { image, label } = dataset.get(i)
    pixels.set(middle(image), i * size * size)
    labels[i] = label
  }
  writeFileSync(join(folder, `${part}.pixels`), pixels)
  writeFileSync(join(folder, `${part}.labels`), labels)
}

/**
 * Writes so many training and test images, 784 bytes each, and their labels, a byte each, and gives the folder and where they
 * come from. Where there is no MNIST in `folder`, generated digits stand in.
 */
export async function writeImages(folder, counts) {
  const found = existsSync(folder) && (await isMnistFolder(folder))
  const open = (train, count) => (found ? mnist(folder, { train }) : digits({ train, size: count }))
  const written = join(cache, 'images', found ? 'mnist' : 'digits')
  mkdirSync(written, { recursive: true })
  write(written, 'train', await open(true, counts.train), counts.train)
  write(written, 'test', await open(false, counts.test), counts.test)
  return { folder: written, width: size * size, source: found ? folder : undefined }
}
