import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { digits } from '../../src/data/index.ts'
import { createDarknet } from '../../src/models/darknet-network.ts'
import { createModel } from '../../src/models/index.ts'
import { manualSeed } from '../../src/tensor/index.ts'
import { parseDarknetConfig } from '../../src/weights/darknet/parse.ts'
import { saveDarknet, saveSafetensors } from '../../src/weights/file.ts'
import { sharedPath } from './shared.ts'

/** A folder with what the documentation and the examples use; photographs and weights are real where they are at hand. */
export interface Playground {
  readonly folder: string
  readonly remove: () => void
}

export async function makePlayground(): Promise<Playground> {
  const folder = mkdtempSync(join(tmpdir(), 'ocelli-docs-'))
  writeMnist(join(folder, 'mnist'))
  await writeFlowers(join(folder, 'flowers'))
  await addPhotographs(join(folder, 'photographs'))
  await addWeights(join(folder, 'squeezenet1_1.pth'))
  await addDetector(folder)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** MNIST's four files, holding some of the library's own digits without their margins. */
function writeMnist(folder: string): void {
  mkdirSync(folder)
  for (const [part, size] of [
    ['train', 600],
    ['t10k', 200],
  ] as const) {
    const set = digits({ train: part === 'train', size })
    const images = new Uint8Array(16 + size * 28 * 28)
    const labels = new Uint8Array(8 + size)
    const header = new DataView(images.buffer)
    for (const [i, value] of [0x803, size, 28, 28].entries()) header.setUint32(4 * i, value)
    for (const [i, value] of [0x801, size].entries()) new DataView(labels.buffer).setUint32(4 * i, value)
    for (let i = 0; i < size; i++) {
      const { image, label } = set.get(i)
      labels[8 + i] = label
      for (let y = 0; y < 28; y++) {
        const row = image.data.subarray(32 * (y + 2) + 2, 32 * (y + 2) + 30)
        images.set(row, 16 + 784 * i + 28 * y)
      }
    }
    writeFileSync(join(folder, `${part}-images-idx3-ubyte.gz`), gzipSync(images))
    writeFileSync(join(folder, `${part}-labels-idx1-ubyte.gz`), gzipSync(labels))
  }
}

/** Two classes of pictures, told apart by their colours. */
async function writeFlowers(folder: string): Promise<void> {
  for (const [name, colour] of [
    ['daisy', [240, 240, 220]],
    ['tulip', [200, 30, 60]],
  ] as const) {
    mkdirSync(join(folder, name), { recursive: true })
    for (let i = 0; i < 10; i++) {
      const background = { r: 30 + 5 * i, g: 110 + 10 * i, b: 40 }
      const blossom = {
        create: { width: 90 + 5 * i, height: 90, channels: 3, background: rgb(colour) },
      } as const
      await sharp({ create: { width: 280, height: 240 + i, channels: 3, background } })
        .composite([{ input: blossom, left: 10 * i, top: 60 }])
        .jpeg()
        .toFile(join(folder, name, `${i}.jpg`))
    }
  }
}

function rgb([r, g, b]: readonly [number, number, number]): { r: number; g: number; b: number } {
  return { r, g, b }
}

async function addPhotographs(folder: string): Promise<void> {
  mkdirSync(folder)
  const real = sharedPath('assets', 'images', 'imagenet')
  const names = [
    'n02391049_zebra.jpg',
    'n04310018_steam_locomotive.jpg',
    'n04399382_teddy.jpg',
    'n07747607_orange.jpg',
  ]
  const found = new Set(real === undefined ? [] : readdirSync(real))
  for (const name of names) {
    if (found.has(name)) symlinkSync(join(real!, name), join(folder, name))
    else
      await sharp({ create: { width: 300, height: 260, channels: 3, background: rgb([90, 140, 60]) } })
        .jpeg()
        .toFile(join(folder, name))
  }
}

/** The kind of a weight file is told by its content: without the real file, one of ours stands in for it. */
async function addWeights(path: string): Promise<void> {
  const real = sharedPath('assets', 'weights', 'squeezenet1_1-mxnet.torchvision.pth')
  if (real !== undefined && existsSync(real)) symlinkSync(real, path)
  else {
    manualSeed(0)
    await saveSafetensors(path, (await createModel('squeezenet1_1')).stateDict())
  }
}

/** Yolo-Fastest and a photograph for it; without the real files, a network and a picture that stand in for them. */
async function addDetector(folder: string): Promise<void> {
  const names = ['yolo-fastest-1.1-xl.cfg', 'yolo-fastest-1.1-xl.weights']
  const real = names.map((name) => sharedPath('assets', 'weights', name))
  const dog = sharedPath('assets', 'images', 'scenes', 'dog.jpg')
  if (dog !== undefined && real.every((path) => path !== undefined)) {
    for (const [i, name] of names.entries()) symlinkSync(real[i]!, join(folder, name))
    symlinkSync(dog, join(folder, 'dog.jpg'))
    return
  }
  const text =
    '[net]\nwidth=320\nheight=320\n[convolutional]\nfilters=85\nsize=32\nstride=32\nactivation=linear\n' +
    '[yolo]\nanchors=90,90\nclasses=80\n'
  const config = parseDarknetConfig(text)
  writeFileSync(join(folder, names[0]!), text)
  await saveDarknet(join(folder, names[1]!), config, createDarknet(config).stateDict())
  const background = rgb([90, 140, 60])
  await sharp({ create: { width: 768, height: 576, channels: 3, background } })
    .jpeg()
    .toFile(join(folder, 'dog.jpg'))
}
