import { collate, DataLoader, digits } from '../../data/index.ts'
import { ConfusionMatrix } from '../../metrics/index.ts'
import { createModel } from '../../models/index.ts'
import { F } from '../../nn/index.ts'
import { noGrad } from '../../tensor/index.ts'
import { evaluate } from '../../train/index.ts'
import type { Image } from '../../transforms/index.ts'
import type { Json } from '../../weights/index.ts'
import { type Command, defineCommand, UsageError } from '../command.ts'
import { deviceLine } from '../device.ts'
import { evaluationFor } from '../image-options.ts'
import { seenThrough } from '../labelled-data.ts'
import { metadataOf } from '../model-options.ts'
import { counted, formatSeconds, percent } from '../progress.ts'
import { readRunSettings, writeRunSettings } from '../run-settings.ts'
import { removeSaves, runTraining } from '../training-run.ts'
import type { TrainingSettings } from '../training-settings.ts'

const settings: Omit<TrainingSettings, 'epochs' | 'seed'> = {
  batchSize: 64,
  optimizer: 'adam',
  lr: 0.003,
  momentum: 0,
  weightDecay: 0,
  stageDecay: 1,
  clipGradNorm: undefined,
  labelSmoothing: 0,
  schedule: 'one-cycle',
  stepSize: 1,
  milestones: undefined,
  gamma: 1,
  patience: 0,
  warmupEpochs: 0,
}

const defaultFolder = 'runs/demo'

interface DemoFlags {
  readonly epochs: number
  readonly seed: number
}

export const demo: Command = defineCommand({
  name: 'demo',
  summary: 'Trains LeNet-5 on digits that the library draws, and recognises one of them',
  usage: '',
  options: {
    epochs: {
      kind: 'number',
      placeholder: 'n',
      minimum: 1,
      integer: true,
      description: 'passes over the 10,000 training images; 4 unless given',
    },
    seed: {
      kind: 'number',
      placeholder: 'n',
      minimum: 0,
      integer: true,
      description: 'another one than 0, other digits',
    },
    out: {
      kind: 'text',
      placeholder: 'folder',
      short: 'o',
      default: defaultFolder,
      description: 'where the checkpoint goes',
    },
    resume: { kind: 'flag', description: 'goes on with a demo that was interrupted' },
    json: { kind: 'flag', description: 'prints the result as JSON' },
  },
  details: [
    'No download is needed: the library draws the 12,000 digits itself. Takes seconds on native code and some ' +
      'more on WebAssembly, which runs where no native code can be had.',
  ],
  examples: ['ocelli demo', 'ocelli predict --weights runs/demo/checkpoint.safetensors digit.png'],
  run: async (extra, { out, json, resume, ...given }) => {
    if (extra.length > 0) throw new UsageError(`demo takes options only, not '${extra[0]}'`)
    if (resume && (given.epochs !== undefined || given.seed !== undefined)) {
      throw new UsageError('--resume goes on with the demo as it was started: without --epochs and --seed')
    }
    const stored = resume ? await readRunSettings<DemoFlags>(out, 'demo') : null
    const { epochs, seed } = stored?.flags ?? { epochs: given.epochs ?? 4, seed: given.seed ?? 0 }
    console.error(await deviceLine())
    const started = performance.now()
    const [train, test] = [digits({ train: true, seed }), digits({ train: false, seed })]
    const preprocessing = { ...metadataOf('lenet5').preprocessing, mean: [0.5], std: [0.5] }
    const transform = evaluationFor(preprocessing, { size: [32, 32], channels: 1 })
    const seen = seenThrough(test, transform)
    const { network, interrupted, checkpoint } = await runTraining({
      out,
      settings: { ...settings, epochs, seed },
      train: seenThrough(train, transform),
      validation: seen,
      description: {
        model: 'lenet5',
        options: {},
        classes: train.classes,
        preprocessing: transform.describe() as unknown as Json,
      },
      network: () => createModel('lenet5'),
      saveEvery: undefined,
      summaries: null,
      onStart: async () => {
        if (resume) return
        // What an earlier demo has left must not be taken for this one's.
        await removeSaves(out)
        const flags: DemoFlags = { epochs, seed }
        await writeRunSettings(out, {
          command: 'demo',
          flags,
          model: 'lenet5',
          modelOptions: {},
          preprocessing,
        })
      },
      resume,
      canGrow: false,
      hint: `ocelli demo --resume${out === defaultFolder ? '' : ` --out ${out}`} goes on with it`,
    })
    if (interrupted) return
    const matrix = new ConfusionMatrix(test.classes)
    const { accuracy } = await evaluate(network, new DataLoader(seen, { batchSize: 100 }), {
      onBatch: (scores, labels) => matrix.update(scores, labels),
    })
    const seconds = (performance.now() - started) / 1000
    const sample = test.get(0)
    const { images } = collate([await seen.get(0)], Int32Array.of(0))
    network.eval()
    const probabilities = await noGrad(() => F.softmax(network.forward(images), 1)).data()
    const predicted = probabilities.indexOf(Math.max(...probabilities))
    const confidence = probabilities[predicted]!
    if (json) {
      const result = { accuracy, seconds, checkpoint, sample: { label: sample.label, predicted, confidence } }
      console.log(JSON.stringify(result, null, 2))
      return
    }
    console.log(`\n${matrix}\n`)
    console.log(drawing(sample.image))
    console.log(
      `\nThis is a ${test.classes[sample.label]}; the network says ${predicted}, ${percent(confidence)} sure.`,
    )
    console.log(
      `Test accuracy ${percent(accuracy)} after ${counted(epochs, 'epoch')}${resume ? '' : `, ${formatSeconds(seconds)} in all`}.`,
    )
    console.log(`Saved ${checkpoint}. Next: ocelli eval --data digits --weights ${checkpoint} --verbose`)
  },
})

/** A grey image as text, two rows of pixels to a line. */
function drawing({ width, height, data }: Image): string {
  const shades = ' .:-=+*#%@'
  const lines: string[] = []
  for (let y = 0; y + 1 < height; y += 2) {
    let line = ''
    for (let x = 0; x < width; x++) {
      const value = (data[y * width + x]! + data[(y + 1) * width + x]!) / 2
      line += shades[Math.min(shades.length - 1, Math.floor((value / 256) * shades.length))]
    }
    lines.push(line.trim() === '' ? '' : `    ${line.trimEnd()}`)
  }
  const inked = lines.flatMap((line, y) => (line === '' ? [] : [y]))
  return lines.slice(inked[0], inked.at(-1)! + 1).join('\n')
}
