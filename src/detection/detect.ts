import { collate } from '../data/collate.ts'
import type { DarknetDetector } from '../models/darknet-network.ts'
import { compile, concat, noGrad, type Tensor } from '../tensor/index.ts'
import { flipHorizontal } from '../transforms/flip.ts'
import { toSize } from '../transforms/image.ts'
import { grayscale, type Image, type Size } from '../transforms/index.ts'
import { type Box, clipBox } from './boxes.ts'
import { letterbox, type Placement, squash, toPhotograph } from './letterbox.ts'
import { nonMaximumSuppression, type SuppressionOptions } from './non-maximum-suppression.ts'

/** One object in a photograph. */
export interface Detection {
  /** Corners in pixels of the photograph, within it. */
  readonly box: Box
  readonly classIndex: number
  /** The name of the class; `class N` where it has none. */
  readonly label: string
  /** How sure it is, 0..1. */
  readonly score: number
}

export interface DetectOptions extends SuppressionOptions {
  /** Objects of lower scores are left out; 0.25 unless given. */
  readonly confidence?: number
  /** What the network sees, the side of a square or [height, width]; that of its configuration unless given. */
  readonly inputSize?: number | Size
  /** Whether photographs keep their proportions, with grey beside them; as the configuration says unless given. */
  readonly letterbox?: boolean
  /** Looks at photographs in three sizes (1, 0.83 and 0.67), at the second one mirrored, and merges what is found. */
  readonly augment?: boolean
  /** Whether overlapping boxes of different classes are suppressed too. */
  readonly classAgnostic?: boolean
  /** The names of the classes. */
  readonly labels?: readonly string[]
}

/** One look at photographs. */
interface View {
  readonly size: Size
  readonly mirrored: boolean
}

/** What is found in one photograph before overlapping boxes are suppressed. */
interface Candidates {
  readonly boxes: number[]
  readonly scores: number[]
  readonly classes: number[]
}

const augmentedScales = [1, 0.83, 0.67] as const

/** Finds objects in photographs with a network that gives boxes, such as `createModel('yolov3')` or one of `createDarknet`. */
export class Detector {
  readonly network: DarknetDetector
  readonly #options: DetectOptions
  readonly #forward: (images: Tensor) => Promise<Tensor>
  /** What each side of the input must be a multiple of. */
  readonly stride: number

  /** @param options Those of every `detect` that gives no others. */
  constructor(network: DarknetDetector, options: DetectOptions = {}) {
    this.network = network
    this.#options = options
    this.stride = Math.max(...network.featureInfo.map(({ stride }) => stride))
    this.#forward = compile((images: Tensor) =>
      noGrad(() => {
        const scales = network.boxes(images)
        return concat(
          scales.map(({ centers, sizes, scores }) => concat([centers, sizes, scores], 2)),
          1,
        )
      }),
    )
  }

  /**
   * The objects in each of the photographs, the surest first. The network is put into evaluation mode. Throws a RangeError for
   * options that do not fit, such as a size that is no multiple of the network's stride.
   */
  async detect(photographs: readonly Image[], options: DetectOptions = {}): Promise<Detection[][]> {
    const chosen = { ...this.#options, ...options }
    const { config } = this.network
    const { confidence = 0.25, augment = false, letterbox: boxed = config.letterBox ?? false } = chosen
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new RangeError(`detect: confidence is from 0 to 1, got ${confidence}`)
    }
    const size = this.#sizeOf(chosen.inputSize ?? [config.height, config.width])
    if (photographs.length === 0) return []
    this.network.eval()
    const found = photographs.map((): Candidates => ({ boxes: [], scores: [], classes: [] }))
    for (const view of viewsOf(size, augment, this.stride)) {
      const prepared = photographs.map((photograph) => this.#prepare(photograph, view, boxed))
      const samples = prepared.map(({ image }) => ({ image, label: 0 }))
      const { images } = collate(
        samples,
        Int32Array.from(samples, (_, i) => i),
      )
      const output = await this.#forward(images)
      const values = (await output.data()) as Float32Array
      const [, count, width] = output.shape as [number, number, number]
      for (const [i, { placement }] of prepared.entries()) {
        const own = values.subarray(i * count * width, (i + 1) * count * width)
        collect(own, width, view, placement, confidence, found[i]!)
      }
    }
    return found.map((candidates, i) => this.#suppress(candidates, photographs[i]!, chosen))
  }

  #sizeOf(inputSize: number | Size): Size {
    const size = toSize(inputSize, 'detect')
    if (size.every((side) => side % this.stride === 0)) return size
    throw new RangeError(
      `detect: sides of the input are multiples of ${this.stride} pixels, got ${size.join(' x ')}`,
    )
  }

  #prepare(
    photograph: Image,
    { size, mirrored }: View,
    boxed: boolean,
  ): { image: Image; placement: Placement } {
    const { channels } = this.network.config
    const seen =
      photograph.channels === channels ? photograph : grayscale(channels as 1 | 3).apply(photograph)
    const { image, placement } = (boxed ? letterbox : squash)(seen, size)
    return { image: mirrored ? flipHorizontal(image) : image, placement }
  }

  #suppress(
    { boxes, scores, classes }: Candidates,
    { width, height }: Image,
    options: DetectOptions,
  ): Detection[] {
    const { labels, classAgnostic = false, iou = 0.45, maxDetections = 300 } = options
    const usual = this.#suppression()
    const kind = options.kind ?? usual.kind ?? 'iou'
    const beta = options.beta ?? usual.beta ?? 0.6
    const rules = { iou, kind, beta, maxDetections }
    // Darknet measures distances in shares of the sides.
    const shares = boxes.map((value, i) => value / (i % 2 === 0 ? width : height))
    const kept = nonMaximumSuppression(shares, scores, classAgnostic ? undefined : classes, rules)
    return kept.map((i) => {
      const [x1, y1, x2, y2] = boxes.slice(4 * i, 4 * i + 4) as [number, number, number, number]
      const classIndex = classes[i]!
      return {
        box: clipBox([x1, y1, x2, y2], width, height),
        classIndex,
        label: labels?.[classIndex] ?? `class ${classIndex}`,
        score: scores[i]!,
      }
    })
  }

  /** As the configuration wants overlapping boxes suppressed. */
  #suppression(): SuppressionOptions {
    const section = this.network.config.sections.find(
      ({ type }) => type === 'yolo' || type === 'gaussian_yolo',
    )
    if (section === undefined || !('suppression' in section)) return {}
    // What Darknet calls greedy takes the distance off, too, with a fixed exponent.
    if (section.suppression === 'greedynms') return { kind: 'diou', beta: 0.6 }
    return { kind: 'diou', beta: section.betaNms ?? 0.6 }
  }
}

function viewsOf([height, width]: Size, augment: boolean, stride: number): View[] {
  if (!augment) return [{ size: [height, width], mirrored: false }]
  const scaled = (side: number, scale: number): number => Math.ceil((side * scale) / stride - 1e-9) * stride
  return augmentedScales.map((scale, i) => ({
    size: [scaled(height, scale), scaled(width, scale)],
    mirrored: i === 1,
  }))
}

/** Adds what is sure enough to be shown, in pixels of the photograph. */
function collect(
  values: Float32Array,
  width: number,
  { size: [rows, columns], mirrored }: View,
  placement: Placement,
  confidence: number,
  into: Candidates,
): void {
  for (let start = 0; start < values.length; start += width) {
    const sure = values[start + 4]!
    if (!(sure > confidence)) continue
    let box: Box | undefined
    for (let c = 5; c < width; c++) {
      const score = sure * values[start + c]!
      if (!(score > confidence)) continue
      if (box === undefined) {
        const [x, y, w, h] = values.subarray(start, start + 4) as unknown as [number, number, number, number]
        const center = mirrored ? 1 - x : x
        const corners = [center - w / 2, y - h / 2, center + w / 2, y + h / 2] as const
        const [x1, y1, x2, y2] = corners
        box = toPhotograph([x1 * columns, y1 * rows, x2 * columns, y2 * rows], placement)
      }
      into.boxes.push(...box)
      into.scores.push(score)
      into.classes.push(c - 5)
    }
  }
}

/** The objects in each of the photographs; see Detector, which is to be used where this is done more than once. */
export function detect(
  network: DarknetDetector,
  photographs: readonly Image[],
  options: DetectOptions = {},
): Promise<Detection[][]> {
  return new Detector(network).detect(photographs, options)
}
