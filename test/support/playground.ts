import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { digits } from '../../src/data/index.ts'
import { createDarknet } from '../../src/models/darknet-network.ts'
import { createModel } from '../../src/models/index.ts'
import { Generator, manualSeed } from '../../src/tensor/index.ts'
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
  await writeParcels(join(folder, 'parcels'))
  writeFileSync(join(folder, 'small.cfg'), smallDetector)
  await addPhotographs(join(folder, 'photographs'))
  await addWeights(join(folder, 'squeezenet1_1.pth'))
  await addDetector(folder)
  addTables(folder)
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

/** Pictures with brown and white boxes, and Darknet's labels of them. */
async function writeParcels(folder: string): Promise<void> {
  for (const part of ['images', 'labels']) mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'classes.txt'), 'parcel\nletter\n')
  for (let i = 0; i < 12; i++) {
    const label = i % 2
    const [width, height] = label === 0 ? [40 + 2 * i, 44] : [36, 20 + i]
    const [left, top] = [7 * i, 90 - 6 * i]
    const background = rgb(label === 0 ? [150, 100, 50] : [240, 240, 235])
    const parcel = { create: { width, height, channels: 3, background } } as const
    await sharp({ create: { width: 160, height: 140, channels: 3, background: rgb([60, 70, 90 + 5 * i]) } })
      .composite([{ input: parcel, left, top }])
      .png()
      .toFile(join(folder, 'images', `${i}.png`))
    const box = [(left + width / 2) / 160, (top + height / 2) / 140, width / 160, height / 140]
    writeFileSync(join(folder, 'labels', `${i}.txt`), `${label} ${box.map((v) => v.toFixed(6)).join(' ')}\n`)
  }
}

const smallDetector = `[net]
width=96
height=96
channels=3

${[16, 32, 64]
  .map(
    (filters) =>
      `[convolutional]\nbatch_normalize=1\nfilters=${filters}\nsize=3\nstride=2\npad=1\nactivation=leaky\n`,
  )
  .join('\n')}
[convolutional]
filters=14
size=1
activation=linear

[yolo]
mask=0,1
anchors=20,20, 30,30
classes=2
num=2
ignore_thresh=.7
`

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

/** Fisher's iris and Quinlan's weather; without the real iris, flowers drawn at random about its means. */
function addTables(folder: string): void {
  writeFileSync(join(folder, 'weather.arff'), weather)
  const real = sharedPath('assets', 'datasets', 'weka', 'iris.arff')
  if (real !== undefined) {
    symlinkSync(real, join(folder, 'iris.arff'))
    return
  }
  const generator = new Generator(1)
  const means = {
    'Iris-setosa': [5, 3.4, 1.5, 0.2],
    'Iris-versicolor': [5.9, 2.8, 4.3, 1.3],
    'Iris-virginica': [6.6, 3, 5.6, 2],
  }
  const columns = ['sepallength', 'sepalwidth', 'petallength', 'petalwidth']
  const lines = [
    '@relation iris',
    ...columns.map((name) => `@attribute ${name} numeric`),
    `@attribute class {${Object.keys(means).join(',')}}`,
    '@data',
    ...Object.entries(means).flatMap(([name, centre]) =>
      Array.from({ length: 50 }, () =>
        [...centre.map((mean) => (mean + 0.2 * generator.normal()).toFixed(1)), name].join(','),
      ),
    ),
  ]
  writeFileSync(join(folder, 'iris.arff'), `${lines.join('\n')}\n`)
}

const weather = `@relation weather
@attribute outlook {sunny, overcast, rainy}
@attribute temperature numeric
@attribute humidity numeric
@attribute windy {true, false}
@attribute play {yes, no}
@data
sunny,85,85,false,no
sunny,80,90,true,no
overcast,83,86,false,yes
rainy,70,96,false,yes
rainy,68,80,false,yes
rainy,65,70,true,no
overcast,64,65,true,yes
sunny,72,95,false,no
sunny,69,70,false,yes
rainy,75,80,false,yes
sunny,75,70,true,yes
overcast,72,90,true,yes
overcast,81,75,false,yes
rainy,71,91,true,no
`

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
