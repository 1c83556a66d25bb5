import { mkdir } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { ImageDecodeError, imageExtensions, writeImage } from '../../data/node.ts'
import { type Detection, type DetectOptions, Detector, drawBoxes } from '../../detection/index.ts'
import type { Image } from '../../transforms/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { detectorOptions, loadDetector } from '../detector.ts'
import { deviceLine } from '../device.ts'
import { type ImageSource, imageSources } from '../image-sources.ts'
import { counted, Progress, percent } from '../progress.ts'

export const detect: Command = defineCommand({
  name: 'detect',
  summary: 'Finds objects on images and draws boxes around them',
  usage: '<image|folder|->...',
  options: {
    ...detectorOptions,
    confidence: {
      kind: 'number',
      placeholder: 'share',
      default: 0.25,
      minimum: 0,
      description: 'leaves out objects that it is less sure of',
    },
    iou: {
      kind: 'number',
      placeholder: 'share',
      default: 0.45,
      minimum: 0,
      description: 'of boxes of one class that overlap by more, the best stays',
    },
    size: {
      kind: 'number',
      placeholder: 'pixels',
      minimum: 1,
      integer: true,
      description: "side of the square that the network sees; the configuration's unless given",
    },
    letterbox: { kind: 'flag', description: 'keeps the proportions of images, with grey beside them' },
    squash: {
      kind: 'flag',
      description: "gives up their proportions; the configuration's way unless either is given",
    },
    augment: {
      kind: 'flag',
      description: 'looks at each image in three sizes, once mirrored, and merges what is found',
    },
    nms: {
      kind: 'choice',
      choices: ['iou', 'diou'],
      description:
        "how boxes overlap, diou with the distance of their centres; the configuration's way unless given",
    },
    maxDetections: {
      kind: 'number',
      placeholder: 'n',
      default: 300,
      minimum: 1,
      integer: true,
      description: 'objects shown of an image at most',
    },
    batchSize: {
      kind: 'number',
      placeholder: 'n',
      default: 1,
      minimum: 1,
      integer: true,
      description: 'images at a time',
    },
    out: {
      kind: 'text',
      placeholder: 'folder',
      description: 'where pictures with boxes go; beside the images, as NAME.boxes.EXT, unless given',
    },
    noPictures: { kind: 'flag', description: 'writes no pictures' },
    skipCorrupt: { kind: 'flag', description: 'leaves out images that cannot be decoded, naming them' },
    json: { kind: 'flag', description: 'prints one JSON object a line for each image' },
  },
  details: [
    'The network is one of the registry that gives boxes (--model, such as yolov3, yolov3-spp, yolov3-tiny, yolov4), or what a ' +
      'Darknet configuration says (--cfg). Weights are Darknet .weights, safetensors or PyTorch files of it. Networks of 80 ' +
      "classes are taken to know COCO's unless --labels says others.",
    'A folder stands for all images in it and below. - reads standard input: an image, or text with one file name a line. ' +
      'Boxes are x1 y1 x2 y2 in pixels of the image.',
  ],
  examples: [
    'ocelli detect --cfg yolo-fastest-1.1.cfg --weights yolo-fastest-1.1.weights dog.jpg',
    'ocelli detect --model yolov3 --weights yolov3.weights photographs/ --out boxes --augment',
    'ocelli detect --cfg yolov4-tiny.cfg --weights yolov4-tiny.weights dog.jpg --json --no-pictures',
  ],
  run: async (inputs, options) => {
    if (inputs.length === 0) {
      throw new UsageError('detect needs images: files, folders, or - for standard input')
    }
    if (options.letterbox && options.squash) {
      throw new UsageError('--letterbox and --squash exclude each other; give one of them')
    }
    for (const name of ['confidence', 'iou'] as const) {
      if (options[name] > 1) throw new UsageError(`--${name} is from 0 to 1; got ${options[name]}`)
    }
    const { network, labels } = await loadDetector(options)
    const detector = new Detector(network, {
      confidence: options.confidence,
      iou: options.iou,
      maxDetections: options.maxDetections,
      augment: options.augment,
      labels,
      ...(options.size !== undefined && { inputSize: options.size }),
      ...((options.letterbox || options.squash) && { letterbox: options.letterbox }),
      ...(options.nms !== undefined && { kind: options.nms as NonNullable<DetectOptions['kind']> }),
    })
    if (options.size !== undefined && options.size % detector.stride !== 0) {
      throw new UsageError(`--size is a multiple of ${detector.stride} for this network; got ${options.size}`)
    }
    console.error(await deviceLine())
    const sources = await imageSources(inputs)
    const pictures = options.noPictures ? null : picturePaths(sources, options.out)
    if (pictures !== null && options.out !== undefined) await mkdir(options.out, { recursive: true })
    const progress =
      sources.length > options.batchSize && !process.stdout.isTTY
        ? new Progress('detect', { total: sources.length, unit: 'images' })
        : null
    let shown = 0
    try {
      for (let start = 0; start < sources.length; start += options.batchSize) {
        const batch = sources.slice(start, start + options.batchSize)
        const images = await Promise.all(
          batch.map((source) =>
            source.read().catch((error: unknown) => {
              if (!options.skipCorrupt || !(error instanceof ImageDecodeError)) throw error
              progress?.clear()
              console.error(`skipped ${error.message}`)
              return null
            }),
          ),
        )
        const decoded = images.filter((image) => image !== null)
        const found = await detector.detect(decoded)
        for (const [i, image] of images.entries()) {
          if (image === null) continue
          const detections = found[decoded.indexOf(image)]!
          const picture = pictures?.[start + i] ?? null
          if (picture !== null) await writeImage(picture, drawBoxes(image, detections))
          show({ name: batch[i]!.name, image, detections, picture }, options.json)
          shown++
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

/** Where the picture of each image goes; of images of one name in a folder, the later ones get a number. */
function picturePaths(sources: readonly ImageSource[], out: string | undefined): string[] {
  const taken = new Set<string>()
  return sources.map(({ name }) => {
    const path = name === '-' ? 'standard-input.png' : name
    const extension = extname(path)
    const kept = imageExtensions.includes(extension.toLowerCase()) ? extension : '.png'
    const stem = basename(path, extension)
    const folder = out ?? dirname(path)
    const plain = out === undefined ? `${stem}.boxes` : stem
    let candidate = join(folder, plain + kept)
    for (let i = 2; taken.has(candidate); i++) candidate = join(folder, `${plain}-${i}${kept}`)
    taken.add(candidate)
    return candidate
  })
}

interface Shown {
  readonly name: string
  readonly image: Image
  readonly detections: readonly Detection[]
  readonly picture: string | null
}

function show({ name, image, detections, picture }: Shown, json: boolean): void {
  if (json) {
    const { width, height } = image
    const objects = detections.map(({ label, classIndex, score, box }) => ({
      index: classIndex,
      class: label,
      score,
      box: box.map((value) => Math.round(value * 100) / 100),
    }))
    const where = picture === null ? {} : { picture }
    console.log(JSON.stringify({ image: name, width, height, ...where, detections: objects }))
    return
  }
  console.log(
    `${name}: ${counted(detections.length, 'object')}${picture === null ? '' : `, drawn in ${picture}`}`,
  )
  const longest = Math.max(...detections.map(({ label }) => label.length), 0)
  for (const { label, score, box } of detections) {
    const corners = box.map((value) => String(Math.round(value)).padStart(5)).join('')
    console.log(`  ${percent(score).padStart(8)}  ${label.padEnd(longest)} ${corners}`)
  }
}
