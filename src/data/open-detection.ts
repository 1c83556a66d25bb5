import { stat } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { cocoDetection } from './coco-detection.ts'
import type { DetectionFiles, DetectionListOptions } from './detection-list.ts'
import { DataError } from './errors.ts'
import { isImageName, listFolder } from './folder.ts'
import { vocDetection, vocRoots, vocSets } from './voc-detection.ts'
import { hasYoloParts, yoloLabels } from './yolo-labels.ts'

export interface OpenDetectionOptions extends DetectionListOptions {
  /** The training part where the data has parts; otherwise the validation or test part. True unless given. */
  readonly train?: boolean
  /** The classes in the order of the labels; what the data says unless given. */
  readonly classes?: readonly string[]
}

export type DetectionLayout = 'yolo' | 'voc' | 'coco'

export interface OpenedDetection {
  readonly dataset: DetectionFiles
  readonly layout: DetectionLayout
  /** Whether the data tells training images from others; if not, `train` made no difference. */
  readonly hasParts: boolean
}

/**
 * Opens images with objects in whichever form they have: a `.data` file, a list or a folder of Darknet's labels; a folder of PASCAL
 * VOC; an `instances_*.json` of COCO, or a folder with `annotations/instances_*.json`.
 */
export async function openDetectionDataset(
  source: string,
  options: OpenDetectionOptions = {},
): Promise<OpenedDetection> {
  const { train = true } = options
  const entry = await stat(source).catch(() => undefined)
  if (!entry) throw new DataError(source, 'no such file or folder')
  if (!entry.isDirectory()) {
    const kind = extname(source)
    if (kind === '.json') {
      const images = await cocoImageFolder(source)
      return { dataset: await cocoDetection(source, images, options), layout: 'coco', hasParts: false }
    }
    if (kind !== '.data' && kind !== '.txt') {
      throw new DataError(
        source,
        'is none of the files that describe images with objects: .data, .txt, .json',
      )
    }
    return { dataset: await yoloLabels(source, options), layout: 'yolo', hasParts: kind === '.data' }
  }
  const roots = await vocRoots(source)
  if (roots.length > 0) {
    const sets = await vocSets(roots)
    const training = ['train', 'trainval'].find((name) => sets.includes(name))
    const other = ['val', 'test'].find((name) => sets.includes(name))
    const hasParts = training !== undefined && other !== undefined
    const set = hasParts ? { set: train ? training : other } : {}
    return { dataset: await vocDetection(source, { ...options, ...set }), layout: 'voc', hasParts }
  }
  const { folders, files } = await listFolder(source)
  if (folders.includes('annotations')) {
    const { files: annotations } = await listFolder(join(source, 'annotations'))
    const instances = annotations.filter((name) => /^instances_.+\.json$/.test(name))
    const training = instances.find((name) => name.startsWith('instances_train'))
    const other = instances.find((name) => name.startsWith('instances_val'))
    const hasParts = training !== undefined && other !== undefined
    const file = hasParts ? (train ? training : other) : instances[0]
    if (file !== undefined) {
      const path = join(source, 'annotations', file)
      return {
        dataset: await cocoDetection(path, await cocoImageFolder(path), options),
        layout: 'coco',
        hasParts,
      }
    }
  }
  if (
    folders.some((name) => ['images', 'train'].includes(name)) ||
    files.some(isImageName) ||
    files.includes('train.txt')
  ) {
    const lists = files.includes('train.txt') && files.includes('valid.txt')
    const hasParts = lists || (await hasYoloParts(source))
    return { dataset: await yoloLabels(source, options), layout: 'yolo', hasParts }
  }
  throw new DataError(
    source,
    "holds no images with objects: it needs Darknet's images/ and labels/, VOC's Annotations/ and JPEGImages/, or COCO's " +
      'annotations/instances_*.json',
  )
}

/** instances_val2017.json has its images in ../val2017, ../images/val2017, ../images or beside it. */
async function cocoImageFolder(file: string): Promise<string> {
  const folder = dirname(file)
  const part = /instances_(.+)\.json$/.exec(file)?.[1]
  const candidates = [
    ...(part ? [join(folder, '..', part), join(folder, '..', 'images', part), join(folder, part)] : []),
    join(folder, '..', 'images'),
    join(folder, 'images'),
  ]
  for (const candidate of candidates) {
    const entry = await stat(candidate).catch(() => undefined)
    if (entry?.isDirectory()) return candidate
  }
  return folder
}
