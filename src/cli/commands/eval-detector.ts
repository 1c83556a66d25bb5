import { DetectionLoader, evaluateDetector, truthsOf } from '../../detection/index.ts'
import {
  type DetectedBox,
  evaluateVoc,
  formatDetectionReport,
  type GroundTruthBox,
} from '../../metrics/index.ts'
import { type Command, defineCommand, UsageError } from '../command.ts'
import { detectionDataDetails, detectionDataOptions, openDetectionData } from '../detection-data.ts'
import { buildDetector, detectorOptions, detectorSize, detectorStart } from '../detector-network.ts'
import { deviceLine } from '../device.ts'
import { inWordsOf, matchClasses, publishedDetectorLabels } from '../labels.ts'
import { formatSeconds, Progress, percent } from '../progress.ts'

export const evalDetectorCommand: Command = defineCommand({
  name: 'eval-detector',
  summary: "Measures a YOLO detector's average precision on images with objects",
  usage: '',
  options: {
    ...detectionDataOptions,
    ...detectorOptions,
    size: {
      kind: 'number',
      placeholder: 'pixels',
      minimum: 32,
      integer: true,
      description: "side of the square that the network sees; the network's own unless given",
    },
    batchSize: {
      kind: 'number',
      placeholder: 'n',
      short: 'b',
      default: 8,
      minimum: 1,
      integer: true,
      description: 'images at a time',
    },
    confidence: {
      kind: 'number',
      placeholder: 'score',
      default: 0.005,
      minimum: 0,
      description: 'boxes below this score are left out',
    },
    iou: {
      kind: 'number',
      placeholder: 'share',
      default: 0.45,
      minimum: 0,
      description: 'of boxes of a class that overlap more, only the surest stays',
    },
    voc: { kind: 'flag', description: "tells VOC's average precision at an IoU of 0.5 as well" },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [
    detectionDataDetails,
    "The figures are those of COCO's evaluator: AP is the mean over the classes and over IoU thresholds from 0.5 to 0.95.",
  ],
  examples: [
    'ocelli eval-detector --data coco --cfg yolov4-tiny.cfg --weights yolov4-tiny.weights',
    'ocelli eval-detector --data VOCdevkit --weights runs/voc/best.safetensors --voc --json',
  ],
  run: async (extra, options) => {
    if (extra.length > 0) throw new UsageError(`eval-detector takes options only, not '${extra[0]}'`)
    if (options.data === undefined) throw new UsageError('eval-detector needs --data: images with objects')
    if (options.weights === undefined) throw new UsageError('eval-detector needs --weights FILE')
    const start = await detectorStart(options)
    const network = await buildDetector(start, null)
    console.error(await deviceLine())
    const labels =
      start.classes?.map((name) => ({ id: name, name })) ??
      (await publishedDetectorLabels(network.numClasses))
    const { dataset: found } = await openDetectionData(options.data, {
      train: false,
      skipCorrupt: options.skipCorrupt,
    })
    const mapping = matchClasses(inWordsOf(labels, found.classes), labels, network.numClasses)
    const classes = Array.from(
      { length: network.numClasses },
      (_, i) => labels?.[i]?.name ?? found.classes[mapping.indexOf(i)] ?? `class ${i}`,
    )
    const dataset = {
      ...found,
      classes,
      get: async (index: number) => {
        const { image, objects } = await found.get(index)
        return { image, objects: objects.map((object) => ({ ...object, label: mapping[object.label]! })) }
      },
    }
    const batches = new DetectionLoader(dataset, {
      size: detectorSize(options.size, start.size),
      batchSize: options.batchSize,
    })
    const progress = new Progress('eval', { total: dataset.length, unit: 'images' })
    const started = performance.now()
    const truths: GroundTruthBox[] = []
    const detections: DetectedBox[] = []
    const report = await evaluateDetector(network, batches, {
      confidence: options.confidence,
      iouThreshold: options.iou,
      onBatch: (boxes, { samples }) => {
        for (const [i, { objects }] of samples.entries()) {
          const image = progress.done + i
          if (!options.voc) continue
          for (const truth of truthsOf(objects)) truths.push({ ...truth, image })
          for (const detection of boxes[i]!) detections.push({ ...detection, image })
        }
        progress.advance(samples.length)
      },
    }).finally(() => progress.clear())
    const seconds = (performance.now() - started) / 1000
    progress.finish(
      `${dataset.length} images in ${formatSeconds(seconds)}, ${(dataset.length / seconds).toFixed(1)} images/s`,
    )
    const voc = options.voc
      ? {
          voc: evaluateVoc(truths, detections).map,
          voc11: evaluateVoc(truths, detections, { points: 11 }).map,
        }
      : null
    if (options.json) {
      const result = {
        model: start.source.name,
        data: options.data,
        images: dataset.length,
        ...report,
        ...voc,
      }
      console.log(JSON.stringify(result, null, 2))
      return
    }
    console.log(`${start.source.name} on ${options.data}: ${dataset.length} images`)
    console.log(formatDetectionReport(report))
    if (voc) console.log(`\nVOC AP at IoU 0.5: ${percent(voc.voc)}; of 11 points: ${percent(voc.voc11)}`)
  },
})
