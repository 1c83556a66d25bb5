import { basename, join, resolve } from 'node:path'
import type { Dataset } from '../../data/index.ts'
import { freezeBackbone, unfreezeStages } from '../../models/index.ts'
import type { Json } from '../../weights/index.ts'
import { checkpointOptions } from '../checkpoint-options.ts'
import {
  type Command,
  CommandError,
  dashed,
  defineCommand,
  type OptionSpec,
  type OptionTable,
  type OptionValues,
  UsageError,
} from '../command.ts'
import { deviceLine } from '../device.ts'
import { networkFrom, startOf } from '../fine-tuning.ts'
import {
  type Augmentation,
  evaluationFor,
  imageOptions,
  preprocessingFrom,
  trainingFor,
  withStatistics,
} from '../image-options.ts'
import {
  dataDetails,
  dataOptions,
  type LabelledData,
  openLabelledData,
  seenThrough,
  splitOff,
  warnOfUnseen,
} from '../labelled-data.ts'
import { labelsOf, matchClasses } from '../labels.ts'
import { networkOptions } from '../network.ts'
import { counted, percent } from '../progress.ts'
import { checkpointName, exists } from '../recording.ts'
import { readRunSettings, writeRunSettings } from '../run-settings.ts'
import { summaryOptions, summarySettings } from '../summaries.ts'
import { runTraining, type TrainingOutcome } from '../training-run.ts'
import { trainingOptions } from '../training-settings.ts'

const defaultEpochs = 10

// Classes get their names from the data.
const { labels: _, ...modelOptions } = networkOptions

const options = {
  ...dataOptions,
  val: {
    kind: 'text',
    placeholder: 'folder',
    description: 'validation images; the test or val part of --data, or a share of it, unless given',
  },
  valSplit: {
    kind: 'number',
    placeholder: 'share',
    default: 0.1,
    minimum: 0,
    description: 'share kept for validation where --data has no part for it; 0 for none',
  },
  ...modelOptions,
  freeze: { kind: 'flag', description: 'trains the classifier only, on top of --weights' },
  unfreeze: {
    kind: 'number',
    placeholder: 'n',
    minimum: 1,
    integer: true,
    description: 'trains the classifier and the last n stages, but no normalization, on top of --weights',
  },
  augment: {
    kind: 'choice',
    choices: ['auto', 'none', 'crop', 'crop-flip', 'resized-crop'],
    default: 'auto',
    description: 'random changes of the training images',
  },
  ...trainingOptions,
  ...imageOptions,
  ...checkpointOptions,
  ...summaryOptions,
} as const satisfies OptionTable

type TrainFlags = OptionValues<typeof options>

export const trainCommand: Command = defineCommand({
  name: 'train',
  summary: 'Trains a network on labelled images, or goes on training one',
  usage: '',
  options,
  details: [dataDetails],
  examples: [
    'ocelli train --data mnist --model lenet5 --epochs 10 --lr 0.002 --schedule cosine',
    'ocelli train --data flowers --model resnet18 --weights default --freeze --epochs 5',
    'ocelli train --resume runs/mnist-lenet5',
  ],
  run: async (extra, flags) => {
    if (extra.length > 0) throw new UsageError(`train takes options only, not '${extra[0]}'`)
    const outcome = await trainFrom(flags)
    report(outcome, flags.json)
  },
})

/** Starts or resumes the run that the flags describe. */
async function trainFrom(given: TrainFlags): Promise<TrainingOutcome> {
  const resume = given.resume !== undefined
  if (resume) refuseOtherThanEpochs(given)
  const stored = resume ? await readRunSettings<TrainFlags>(given.resume, 'train') : null
  const base = stored?.flags ?? given
  const named = { ...base, epochs: given.epochs ?? base.epochs ?? defaultEpochs, json: given.json }
  const start = stored === null ? await startOf(named) : { ...stored, weights: named.weights }
  // The file itself, so that a run can be resumed without looking for it again.
  const flags = { ...named, weights: start?.weights }
  const { data } = flags
  if (data === undefined || start === null) {
    throw new UsageError('train needs --data and --model, or --resume FOLDER; ocelli train --help tells more')
  }
  const frozen = flags.freeze ? '--freeze' : flags.unfreeze === undefined ? null : '--unfreeze'
  if (frozen !== null && flags.weights === undefined) {
    throw new UsageError(`${frozen} keeps what the network has learnt; it needs --weights`)
  }
  if (flags.freeze && flags.unfreeze !== undefined) {
    throw new UsageError('--freeze trains the classifier only; --unfreeze N says what to train besides it')
  }
  const { model, modelOptions } = start
  const out = given.resume ?? flags.out ?? (await freshFolder(`runs/${basename(resolve(data))}-${model}`))
  const summaries = summarySettings(flags, out)
  console.error(await deviceLine())
  if (!resume && (await exists(join(out, checkpointName)))) {
    throw new CommandError(
      `${out}: holds a run already; --resume ${out} goes on with it, --out names another folder`,
    )
  }
  const source = await openLabelledData(data, { train: true, skipCorrupt: flags.skipCorrupt })
  const own = flags.weights === undefined ? source.statistics : null
  const preprocessing =
    stored?.preprocessing ?? preprocessingFrom(withStatistics(start.preprocessing, own), flags)
  const evaluation = evaluationFor(preprocessing, source.uniform)
  const classes = source.dataset.classes
  const { training, validation, split } = await splitData(source, flags)
  warnOfUnseen(training, split)
  return runTraining({
    out,
    settings: flags,
    train: seenThrough(training, trainingFor(preprocessing, source.uniform, flags.augment as Augmentation)),
    validation: validation && seenThrough(validation.dataset, evaluation, validation.labels),
    description: {
      model,
      options: { ...modelOptions, numClasses: classes.length },
      classes,
      preprocessing: evaluation.describe() as unknown as Json,
    },
    network: async (restored) => {
      const weights = restored ? undefined : flags.weights
      const network = await networkFrom(model, modelOptions, classes.length, weights)
      if (flags.freeze) freezeBackbone(network)
      if (flags.unfreeze !== undefined) unfreezeStages(network, flags.unfreeze)
      return network
    },
    onStart: () => writeRunSettings(out, { command: 'train', flags, model, modelOptions, preprocessing }),
    saveEvery: flags.saveEvery,
    summaries,
    resume,
    canGrow: true,
    hint: `ocelli train --resume ${out} goes on with it`,
  })
}

/** Other settings than those of its first part would make the resumed run another one. */
function refuseOtherThanEpochs(given: TrainFlags): void {
  const others = Object.entries<OptionSpec>(options).filter(([name, spec]) => {
    const value = given[name as keyof TrainFlags]
    const unset = spec.kind === 'flag' ? false : spec.kind === 'list' ? undefined : spec.default
    return (
      !['resume', 'epochs', 'json'].includes(name) &&
      (Array.isArray(value) ? value.length > 0 : value !== unset)
    )
  })
  if (others.length === 0) return
  const names = others.map(([name]) => `--${dashed(name)}`).join(', ')
  throw new UsageError(
    `--resume goes on with the run as it was started; besides it only --epochs can change, not ${names}`,
  )
}

interface SplitData {
  readonly training: Dataset
  /** With the labels that the images have among the training classes. */
  readonly validation: { readonly dataset: Dataset; readonly labels: Int32Array } | null
  /** Whether validation took its images from those for training. */
  readonly split: boolean
}

async function splitData(source: LabelledData, flags: TrainFlags): Promise<SplitData> {
  const { classes } = source.dataset
  const other = flags.val ?? (source.hasParts ? flags.data! : null)
  if (other !== null) {
    const { dataset } = await openLabelledData(other, { train: false, skipCorrupt: flags.skipCorrupt })
    const labels = matchClasses(dataset.classes, labelsOf(classes), classes.length)
    return { training: source.dataset, validation: { dataset, labels }, split: false }
  }
  const share = flags.valSplit ?? 0
  if (share === 0) return { training: source.dataset, validation: null, split: false }
  if (share >= 1) throw new UsageError(`--val-split is a share below 1; got ${share}`)
  const [training, dataset] = splitOff(source.dataset, share, flags.seed)
  const labels = Int32Array.from(classes, (_, i) => i)
  return { training, validation: { dataset, labels }, split: true }
}

/** The name itself, or with a number behind it where it is taken. */
async function freshFolder(name: string): Promise<string> {
  let folder = name
  for (let n = 2; await exists(folder); n++) folder = `${name}-${n}`
  return folder
}

function report({ history, best, interrupted, checkpoint }: TrainingOutcome, json: boolean): void {
  const last = history.at(-1)
  if (json) {
    console.log(
      JSON.stringify({ checkpoint, interrupted, epochs: history.length, last: last ?? null, best }, null, 2),
    )
    return
  }
  if (interrupted || last === undefined) return
  const measured = last.validation
    ? `validation accuracy ${percent(last.validation.accuracy)}`
    : `training accuracy ${percent(last.train.accuracy)}`
  console.log(`${measured} after ${counted(history.length, 'epoch')}`)
  if (best && last.validation && best.validation!.accuracy > last.validation.accuracy) {
    console.log(
      `best ${percent(best.validation!.accuracy)} after epoch ${best.epoch}: best.safetensors beside the checkpoint`,
    )
  }
  console.log(`saved ${checkpoint}`)
}
