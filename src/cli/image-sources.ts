import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isImageName } from '../data/folder.ts'
import { decodeImage, readImage } from '../data/node.ts'
import type { Image } from '../transforms/index.ts'
import { CommandError } from './command.ts'

/** An image that is read when its turn comes. */
export interface ImageSource {
  readonly name: string
  readonly read: () => Promise<Image>
}

/**
 * The images of files, of folders with what is below them, and of `-`: standard input, an image or names of files. Throws a
 * CommandError where there is none.
 */
export async function imageSources(inputs: readonly string[]): Promise<ImageSource[]> {
  const sources = (await Promise.all(inputs.map(sourcesOf))).flat()
  if (sources.length === 0) throw new CommandError('standard input names no images')
  return sources
}

async function sourcesOf(input: string): Promise<ImageSource[]> {
  if (input === '-') return fromStandardInput()
  const entry = await stat(input).catch(() => undefined)
  if (entry === undefined) throw new CommandError(`${input}: no such file or folder`)
  if (!entry.isDirectory()) return [fileSource(input)]
  const names = (await readdir(input, { recursive: true })).filter(isImageName).sort()
  if (names.length === 0) throw new CommandError(`${input}: holds no images`)
  return names.map((name) => fileSource(join(input, name)))
}

function fileSource(path: string): ImageSource {
  return { name: path, read: () => readImage(path) }
}

/** An image's bytes, or text with one file name a line. */
async function fromStandardInput(): Promise<ImageSource[]> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  if (bytes.length === 0)
    throw new CommandError('standard input is empty: it takes an image, or names of files')
  const isText = bytes
    .subarray(0, 512)
    .every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13)
  if (!isText) return [{ name: '-', read: () => decodeImage(bytes, 'standard input') }]
  const names = bytes.toString('utf8').split(/\r?\n/)
  return names.filter((name) => name.trim() !== '').map((name) => fileSource(name.trim()))
}
