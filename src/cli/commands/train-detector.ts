import { basename, join, resolve } from 'node:path'
import type { DetectionDataset } from '../../data/index.ts'
import { type DetectionAugmentation, findAnchors } from '../../detection/index.ts'
import { checkpointOptions } from '../checkpoint-options.ts'
import {
  type Command,
  CommandError,
  defineCommand,
  type OptionTable,
  type OptionValues,
  UsageError,
} from '../command.ts'
import {
  detectionDataDetails,
  detectionDataOptions,
  openDetectionData,
  splitDetection,
} from '../detection-data.ts'
import {
  anchorCount,
  buildDetector,
  type DetectorStart,
  describeDetector,
  detectorOptions,
  detectorSize,
  detectorStart,
  withAnchors,
} from '../detector-network.ts'
import { type DetectorOutcome, runDetectorTraining } from '../detector-run.ts'
import { readDetectorSettings } from '../detector-settings.ts'
import { deviceLine } from '../device.ts'
import { writeJson } from '../history.ts'
import { counted, percent } from '../progress.ts'
import { checkpointName, exists } from '../recording.ts'
import { storedFolder, summaryOptions, summarySettings } from '../summaries.ts'
import { trainingOptions } from '../training-settings.ts'

// Of classes that exclude one another, and of networks with stages.
const { labelSmoothing: _, stageDecay: __, ...scheduleOptions } = trainingOptions

const options = {
  ...detectionDataOptions,
  val: {
    kind: 'text',
    placeholder: 'path',
    description:
      'validation images; those of --data that are not for training, or a share of it, unless given',
  },
  valSplit: {
    kind: 'number',
    placeholder: 'share',
    default: 0.1,
    minimum: 0,
    description:
      'share kept for validation where --data has no part for it; 0 validates on the training images',
  },
  ...detectorOptions,
  fitAnchors: {
    kind: 'flag',
    description: 'with --cfg: takes anchors that fit the boxes of --data',
  },
  size: {
    kind: 'number',
    placeholder: 'pixels',
    minimum: 32,
    integer: true,
    description: "side of the square that the network sees; the network's own unless given",
  },
  sizes: {
    kind: 'number',
    placeholder: 'factor',
    default: 1,
    minimum: 1,
    description: "how much larger or smaller batches get now and then, such as Darknet's 1.4",
  },
  augment: {
    kind: 'choice',
    choices: ['usual', 'none'],
    default: 'usual',
    description: 'random changes of the training images: part, stretch, flip, colours',
  },
  jitter: {
    kind: 'number',
    placeholder: 'share',
    default: 0.2,
    minimum: 0,
    description: 'of the usual changes: how far each edge of the part moves at most',
  },
  ...scheduleOptions,
  batchSize: { ...trainingOptions.batchSize, default: 16 },
  evalEvery: {
    kind: 'number',
    placeholder: 'epochs',
    default: 1,
    minimum: 1,
    integer: true,
    description: 'epochs between validations',
  },
  ...checkpointOptions,
  ...summaryOptions,
} as const satisfies OptionTable

type DetectorTrainFlags = OptionValues<typeof options>

const defaultEpochs = 10

export const trainDetectorCommand: Command = defineCommand({
  name: 'train-detector',
  summary: 'Trains a YOLO detector on images with objects, or goes on training one',
  usage: '',
  options,
  details: [
    detectionDataDetails,
    "The loss is Darknet's, with what the [yolo] sections of --cfg say (ignore_thresh, iou_loss and so on). The best epoch is the " +
      'one with the highest average precision at an IoU of 0.5.',
  ],
  examples: [
    'ocelli train-detector --data VOCdevkit --cfg yolov3-tiny.cfg --weights yolov3-tiny.weights --epochs 50',
    'ocelli train-detector --data shelves --model yolov4-tiny --size 320 --batch-size 8',
    'ocelli train-detector --resume runs/shelves-yolov4-tiny --epochs 100',
  ],
  run: async (extra, flags) => {
    if (extra.length > 0) throw new UsageError(`train-detector takes options only, not '${extra[0]}'`)
    report(await trainFrom(flags), flags.json)
  },
})

async function trainFrom(given: DetectorTrainFlags): Promise<DetectorOutcome> {
  const resume = given.resume !== undefined
  const base = resume ? await readDetectorSettings(given.resume, given, options) : given
  const flags = { ...base, epochs: given.epochs ?? base.epochs ?? defaultEpochs, json: given.json }
  const { data } = flags
  if (data === undefined) throw new UsageError('train-detector needs --data, or --resume FOLDER')
  const started = await detectorStart(flags)
  const size = detectorSize(flags.size, started.size)
  const name = basename(started.source.name).replace(/\.[^.]*$/, '')
  const out = given.resume ?? flags.out ?? (await freshFolder(`runs/${basename(resolve(data))}-${name}`))
  const summaries = summarySettings(flags, out)
  console.error(await deviceLine())
  if (!resume && (await exists(join(out, checkpointName)))) {
    throw new CommandError(
      `${out}: holds a run already; --resume ${out} goes on with it, --out names another folder`,
    )
  }
  const opened = await openDetectionData(data, { train: true, skipCorrupt: flags.skipCorrupt })
  const { classes } = opened.dataset
  const { training, validation } = await parts(opened.dataset, opened.hasParts, flags)
  const start = flags.fitAnchors ? fitted(started, opened.dataset, size) : started
  const augment: DetectionAugmentation | null = flags.augment === 'none' ? null : { jitter: flags.jitter }
  return runDetectorTraining({
    out,
    settings: { ...flags, labelSmoothing: 0, stageDecay: 1 },
    training,
    validation,
    size,
    sizes: flags.sizes,
    augment,
    evalEvery: flags.evalEvery,
    description: {
      ...describeDetector(start.source, classes.length),
      classes,
      preprocessing: { name: 'Detector', size: [...size] },
    },
    network: (restored) => buildDetector(restored ? { ...start, stored: null } : start, classes.length),
    onStart: () => {
      const full = (path: string | undefined): string | undefined =>
        path === undefined ? undefined : resolve(path)
      const { data, val, weights, cfg } = flags
      const paths = {
        data: full(data),
        val: full(val),
        weights: full(weights),
        cfg: full(cfg),
        tensorboard: storedFolder(flags.tensorboard),
      }
      return writeJson(join(out, 'run.json'), {
        version: 1,
        command: 'train-detector',
        flags: { ...flags, ...paths },
      })
    },
    saveEvery: flags.saveEvery,
    summaries,
    resume,
    hint: `ocelli train-detector --resume ${out} goes on with it`,
  })
}

async function parts(
  dataset: DetectionDataset,
  hasParts: boolean,
  flags: DetectorTrainFlags,
): Promise<{ readonly training: DetectionDataset; readonly validation: DetectionDataset }> {
  const other = flags.val ?? (hasParts ? flags.data! : null)
  if (other !== null) {
    const { classes } = dataset
    const opened = await openDetectionData(other, { train: false, skipCorrupt: flags.skipCorrupt, classes })
    return { training: dataset, validation: opened.dataset }
  }
  if (flags.valSplit === 0) return { training: dataset, validation: dataset }
  if (flags.valSplit >= 1) throw new UsageError(`--val-split is a share below 1; got ${flags.valSplit}`)
  const [training, validation] = splitDetection(dataset, flags.valSplit, flags.seed)
  return { training, validation }
}

/** The start with anchors that fit the boxes. */
function fitted(
  start: DetectorStart,
  dataset: DetectionDataset,
  [height, width]: readonly [number, number],
): DetectorStart {
  const { source } = start
  if (source.kind !== 'config')
    throw new UsageError('--fit-anchors goes with --cfg: networks of the registry keep theirs')
  const sizes = (dataset.relativeSizes?.() ?? []).map(([w, h]) => [w * width, h * height] as const)
  if (sizes.length === 0)
    throw new CommandError('--fit-anchors: the annotations do not tell the sizes of boxes')
  const { anchors, meanIou } = findAnchors(sizes, anchorCount(source.config))
  const shown = anchors.map(([w, h]) => `${w.toFixed(0)} x ${h.toFixed(0)}`).join(', ')
  console.error(`anchors ${shown}; boxes overlap the best of them by ${percent(meanIou)}`)
  return { ...start, source: { ...source, config: withAnchors(source.config, anchors) } }
}

async function freshFolder(name: string): Promise<string> {
  let folder = name
  for (let n = 2; await exists(folder); n++) folder = `${name}-${n}`
  return folder
}

function report({ history, best, interrupted, checkpoint }: DetectorOutcome, json: boolean): void {
  if (json) {
    const last = history.at(-1) ?? null
    console.log(JSON.stringify({ checkpoint, interrupted, epochs: history.length, last, best }, null, 2))
    return
  }
  if (interrupted) return
  const last = history.findLast(({ validation }) => validation !== null)?.validation
  if (last) {
    console.log(
      `AP ${percent(last.ap)}, AP50 ${percent(last.ap50)} after ${counted(history.length, 'epoch')}`,
    )
  }
  if (best?.validation && last && best.validation.ap50 > last.ap50) {
    console.log(
      `best AP50 ${percent(best.validation.ap50)} after epoch ${best.epoch}: best.safetensors beside the checkpoint`,
    )
  }
  console.log(`saved ${checkpoint}`)
}
