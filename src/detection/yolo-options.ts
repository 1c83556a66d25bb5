import type { BoxOverlap } from './boxes.ts'

/** How one scale of a detector is trained; the names are those of a [yolo] section, written out. */
export interface YoloLossOptions {
  /** A box that overlaps an object by more, and is sure of some class, is no wrong answer (ignore_thresh). 0.7 unless given. */
  readonly ignoreThreshold?: number
  /** A box that overlaps an object by more is to find it too (truth_thresh). 1, none, unless given. */
  readonly truthThreshold?: number
  /** Anchors whose shape overlaps the object's by more are to find it beside the best one (iou_thresh). 1, none, unless given. */
  readonly iouThreshold?: number
  /** What boxes are held against: the squares of differences, or an overlap (iou_loss). `mse` unless given. */
  readonly boxLoss?: 'mse' | BoxOverlap
  /** Factors of the parts of the loss: boxes (0.75 unless given), objects and classes (1 unless given). */
  readonly iouNormalizer?: number
  readonly objNormalizer?: number
  readonly clsNormalizer?: number
  /** Share of a class's target that is spread evenly (label_smooth_eps). 0 unless given. */
  readonly labelSmoothing?: number
  /** The largest gradient of a box's overlap (max_delta). */
  readonly maxDelta?: number
}

/** One scale of a detector: what a `[yolo]` section, and `DarknetYolo.section`, holds of it. */
export interface YoloScale {
  /** The sizes of its boxes in pixels, width and height. */
  readonly anchors: readonly (readonly [width: number, height: number])[]
  readonly classes: number
  readonly scaleXY: number
  /** Which of `allAnchors` are its own. */
  readonly mask?: readonly number[]
  /** The anchors of all scales, among which each object finds its best one. */
  readonly allAnchors?: readonly (readonly [width: number, height: number])[]
  readonly newCoordinates?: boolean
  /** The entries of the section that matter in training alone, by their names in the file. */
  readonly other?: Readonly<Record<string, string>>
}

type NumericOption = Exclude<keyof YoloLossOptions, 'boxLoss'>

const entryNames: readonly (readonly [entry: string, option: NumericOption])[] = [
  ['ignore_thresh', 'ignoreThreshold'],
  ['truth_thresh', 'truthThreshold'],
  ['iou_thresh', 'iouThreshold'],
  ['iou_normalizer', 'iouNormalizer'],
  ['obj_normalizer', 'objNormalizer'],
  ['cls_normalizer', 'clsNormalizer'],
  ['label_smooth_eps', 'labelSmoothing'],
  ['max_delta', 'maxDelta'],
]

const overlaps: readonly string[] = ['mse', 'iou', 'giou', 'diou', 'ciou']

/** Entries that would train otherwise than is done here, with the values that do not. */
const refused: Readonly<Record<string, string>> = {
  focal_loss: '0',
  objectness_smooth: '0',
  iou_thresh_kind: 'iou',
  counters_per_class: '',
  map: '',
}

/**
 * What the entries of a `[yolo]` section say of training, with Darknet's values for what they leave out. Throws a RangeError for
 * an entry that is no number, or asks for something that is not done here, such as focal_loss.
 */
export function yoloLossOptions(entries: Readonly<Record<string, string>>): YoloLossOptions {
  for (const [name, standard] of Object.entries(refused)) {
    const value = entries[name]
    if (value !== undefined && value !== standard && Number(value) !== Number(standard || Number.NaN)) {
      throw new RangeError(`[yolo]: ${name}=${value} is not supported in training; remove the entry`)
    }
  }
  const boxLoss = entries.iou_loss ?? 'mse'
  if (!overlaps.includes(boxLoss)) {
    throw new RangeError(`[yolo]: iou_loss=${boxLoss} is none of ${overlaps.join(', ')}`)
  }
  const options: { [K in NumericOption]?: number } = {
    // Darknet's, where the entry is absent.
    ignoreThreshold: 0.5,
  }
  for (const [entry, option] of entryNames) {
    const text = entries[entry]
    if (text === undefined) continue
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
      throw new RangeError(`[yolo]: ${entry} must be a number from 0, got '${text}'`)
    }
    options[option] = value
  }
  return { ...options, boxLoss: boxLoss as 'mse' | BoxOverlap }
}

/** The options with all values; throws a RangeError for those out of range. */
export function completeOptions(
  options: YoloLossOptions,
): Required<Omit<YoloLossOptions, 'maxDelta'>> & Pick<YoloLossOptions, 'maxDelta'> {
  const complete = {
    ignoreThreshold: 0.7,
    truthThreshold: 1,
    iouThreshold: 1,
    boxLoss: 'mse',
    iouNormalizer: 0.75,
    objNormalizer: 1,
    clsNormalizer: 1,
    labelSmoothing: 0,
    ...options,
  } as const
  if (!overlaps.includes(complete.boxLoss)) {
    throw new RangeError(`yoloLoss: boxLoss is one of ${overlaps.join(', ')}, got ${complete.boxLoss}`)
  }
  for (const [name, value] of Object.entries(complete)) {
    if (name !== 'boxLoss' && value !== undefined && !((value as number) >= 0)) {
      throw new RangeError(`yoloLoss: ${name} must be 0 or more, got ${value}`)
    }
  }
  return complete
}
