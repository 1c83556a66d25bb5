import { DataLoader } from '../../data/index.ts'
import {
  Accuracy,
  ConfusionMatrix,
  classificationReport,
  formatReport,
  TopKAccuracy,
} from '../../metrics/index.ts'
import { evaluate } from '../../train/index.ts'
import { transformFrom } from '../../transforms/index.ts'
import { type Command, defineCommand, UsageError } from '../command.ts'
import { deviceLine } from '../device.ts'
import { requireFinite } from '../finite-outputs.ts'
import {
  changesImages,
  evaluationFor,
  imageOptions,
  preprocessingFrom,
  withStatistics,
} from '../image-options.ts'
import { dataDetails, dataOptions, firstOf, openLabelledData, seenThrough } from '../labelled-data.ts'
import { labelText, matchClasses } from '../labels.ts'
import { loadNetwork, networkOptions } from '../network.ts'
import { formatSeconds, Progress, percent } from '../progress.ts'

export const evalCommand: Command = defineCommand({
  name: 'eval',
  summary: 'Measures the accuracy of a network on labelled images',
  usage: '',
  options: {
    ...dataOptions,
    ...networkOptions,
    batchSize: {
      kind: 'number',
      placeholder: 'n',
      short: 'b',
      default: 32,
      minimum: 1,
      integer: true,
      description: 'images at a time',
    },
    limit: {
      kind: 'number',
      placeholder: 'n',
      minimum: 1,
      integer: true,
      description: 'takes the first n images only',
    },
    ...imageOptions,
    verbose: {
      kind: 'flag',
      short: 'v',
      description: 'shows precision and recall of each class, and the confusion matrix',
    },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [dataDetails],
  examples: [
    'ocelli eval --data photographs --model squeezenet1_1 --weights squeezenet1_1.pth',
    'ocelli eval --data mnist --weights runs/lenet5/checkpoint.safetensors --verbose',
    'ocelli eval --data photographs -m mobilenet_v2 -w mobilenet_v2.safetensors --model-option padding=sameTensorFlow --mean 0.5 --std 0.5',
  ],
  run: async (extra, options) => {
    if (extra.length > 0)
      throw new UsageError(`eval takes options only, not '${extra[0]}'; --data names the folder`)
    if (options.data === undefined) throw new UsageError('eval needs --data: a folder of labelled images')
    const loaded = await loadNetwork(options)
    console.error(await deviceLine())
    const source = await openLabelledData(options.data, { train: false, skipCorrupt: options.skipCorrupt })
    const outputs = loaded.outputs
    const mapping = matchClasses(source.dataset.classes, loaded.labels, outputs)
    const ownTransform = loaded.transform !== null && !changesImages(options)
    const transform = ownTransform
      ? transformFrom(loaded.transform!)
      : evaluationFor(
          preprocessingFrom(withStatistics(loaded.preprocessing, source.statistics), options),
          source.uniform,
        )
    const dataset = firstOf(seenThrough(source.dataset, transform, mapping), options.limit)
    const loader = new DataLoader(dataset, { batchSize: options.batchSize })
    const names = Array.from({ length: outputs }, (_, i) => labelText(loaded.labels, i))
    const matrix = new ConfusionMatrix(names)
    const top1 = new Accuracy()
    const top5 = new TopKAccuracy(5)
    const progress = new Progress('eval', { total: dataset.length, unit: 'images' })
    const started = performance.now()
    const { loss, accuracy, samples } = await evaluate(loaded.network, loader, {
      onBatch: async (scores, labels, images) => {
        await requireFinite(await scores.data(), images, loaded)
        await matrix.update(scores, labels)
        await top1.update(scores, labels)
        await top5.update(scores, labels)
        progress.advance(labels.size, `top-1 ${percent(top1.compute())}`)
      },
    }).finally(() => progress.clear())
    const seconds = (performance.now() - started) / 1000
    progress.finish(
      `${samples} images in ${formatSeconds(seconds)}, ${(samples / seconds).toFixed(1)} images/s`,
    )
    const result = {
      model: loaded.name,
      data: options.data,
      images: samples,
      top1: accuracy,
      top5: top5.compute(),
      loss,
    }
    const report = classificationReport(matrix)
    if (options.json) {
      console.log(JSON.stringify(options.verbose ? { ...result, report } : result, null, 2))
      return
    }
    console.log(`${loaded.name} on ${options.data}: ${samples} images`)
    console.log(`top-1  ${percent(accuracy)}`)
    if (outputs > 5) console.log(`top-5  ${percent(top5.compute())}`)
    console.log(`loss   ${loss.toFixed(4)}`)
    if (!options.verbose) return
    console.log(`\n${formatReport(report)}`)
    if (outputs <= 40) console.log(`\n${matrix}`)
  },
})
