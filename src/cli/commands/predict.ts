import { collate } from '../../data/collate.ts'
import { ImageDecodeError } from '../../data/node.ts'
import { F } from '../../nn/index.ts'
import { compile, noGrad, type Tensor } from '../../tensor/index.ts'
import { type Image, type Transform, transformFrom } from '../../transforms/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { deviceLine } from '../device.ts'
import { requireFinite } from '../finite-outputs.ts'
import { changesImages, evaluationFor, imageOptions, preprocessingFrom } from '../image-options.ts'
import { type ImageSource, imageSources } from '../image-sources.ts'
import { labelText } from '../labels.ts'
import { type LoadedNetwork, loadNetwork, networkOptions } from '../network.ts'
import { Progress, percent } from '../progress.ts'

interface Prediction {
  readonly index: number
  readonly class: string
  /** Where the class has one besides its name, such as WordNet's. */
  readonly id?: string
  readonly probability: number
}

export const predict: Command = defineCommand({
  name: 'predict',
  summary: 'Says what is on images',
  usage: '<image|folder|->...',
  options: {
    ...networkOptions,
    topK: {
      kind: 'number',
      placeholder: 'k',
      short: 'k',
      default: 5,
      minimum: 1,
      integer: true,
      description: 'how many classes to show',
    },
    batchSize: {
      kind: 'number',
      placeholder: 'n',
      default: 8,
      minimum: 1,
      integer: true,
      description: 'images at a time',
    },
    ...imageOptions,
    skipCorrupt: { kind: 'flag', description: 'leaves out images that cannot be decoded, naming them' },
    json: { kind: 'flag', description: 'prints one JSON object a line for each image' },
  },
  details: [
    'A folder stands for all images in it and below. - reads standard input: an image, or text with one file name a line. ' +
      'Results go to standard output in the order of the images, everything else to standard error.',
    'Images are prepared as the weights want it: as ocelli train did, or as is usual for the published weights or the network; ' +
      'the options above change that.',
  ],
  examples: [
    'ocelli predict --model squeezenet1_1 --weights squeezenet1_1.pth dog.jpg photographs/',
    'ocelli predict --weights runs/digits/checkpoint.safetensors digit.png --json',
    'curl -s https://example.org/cat.jpg | ocelli predict --model resnet18 --weights resnet18.pth -',
  ],
  run: async (inputs, options) => {
    if (inputs.length === 0)
      throw new UsageError('predict needs images: files, folders, or - for standard input')
    const loaded = await loadNetwork(options)
    console.error(await deviceLine())
    const sources = await imageSources(inputs)
    const transform = transformOf(loaded, options)
    const forward = compile((images: Tensor) => noGrad(() => F.softmax(loaded.network.forward(images), 1)))
    // On a terminal the results themselves show how far it is.
    const progress =
      sources.length > options.batchSize && !process.stdout.isTTY
        ? new Progress('predict', { total: sources.length, unit: 'images' })
        : null
    const onSkip = (error: ImageDecodeError): void => {
      progress?.clear()
      console.error(`skipped ${error.message}`)
    }
    let shown = 0
    try {
      for (let start = 0; start < sources.length; start += options.batchSize) {
        const batch = sources.slice(start, start + options.batchSize)
        const read = await readAll(batch, transform, options.skipCorrupt ? onSkip : null)
        if (read.length > 0) {
          const samples = read.map(({ image }) => ({ image, label: 0 }))
          const { images } = collate(
            samples,
            Int32Array.from(read, (_, i) => i),
          )
          const probabilities = await (await forward(images)).data()
          await requireFinite(probabilities, images, loaded)
          const classes = probabilities.length / read.length
          for (const [i, { name }] of read.entries()) {
            const row = probabilities.subarray(i * classes, (i + 1) * classes)
            show(name, best(row as Float32Array, options.topK, loaded), loaded, options.json)
            shown++
          }
        }
        progress?.advance(batch.length)
      }
    } finally {
      progress?.clear()
    }
    progress?.finish(`${shown} of ${sources.length} images`)
    if (shown === 0) throw new CommandError('none of the images could be decoded')
  },
})

function transformOf(loaded: LoadedNetwork, flags: Parameters<typeof preprocessingFrom>[1]): Transform {
  if (loaded.transform !== null && !changesImages(flags)) return transformFrom(loaded.transform)
  return evaluationFor(preprocessingFrom(loaded.preprocessing, flags), null)
}

async function readAll(
  sources: readonly ImageSource[],
  transform: Transform,
  onSkip: ((error: ImageDecodeError) => void) | null,
): Promise<{ name: string; image: Image }[]> {
  const read = await Promise.all(
    sources.map(async ({ name, read }) => {
      try {
        return { name, image: transform.apply(await read()) }
      } catch (error) {
        if (onSkip === null || !(error instanceof ImageDecodeError)) throw error
        onSkip(error)
        return null
      }
    }),
  )
  return read.filter((entry) => entry !== null)
}

function best(row: Float32Array, k: number, { labels }: LoadedNetwork): Prediction[] {
  const order = Array.from(row, (_, index) => index).sort((a, b) => row[b]! - row[a]! || a - b)
  return order.slice(0, k).map((index) => {
    const label = labels?.[index]
    return {
      index,
      class: label?.name ?? labelText(labels, index),
      ...(label && label.id !== label.name && { id: label.id }),
      probability: row[index]!,
    }
  })
}

function show(
  name: string,
  predictions: readonly Prediction[],
  { labels }: LoadedNetwork,
  json: boolean,
): void {
  if (json) {
    console.log(JSON.stringify({ image: name, predictions }))
    return
  }
  console.log(name)
  for (const { index, probability } of predictions) {
    console.log(`  ${percent(probability).padStart(8)}  ${labelText(labels, index)}`)
  }
}
