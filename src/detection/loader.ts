import {
  DataLoader,
  type DetectionDataset,
  type DetectionSample,
  mapDataset,
  stackImages,
} from '../data/index.ts'
import { sizeStream } from '../data/streams.ts'
import { Generator, type Tensor } from '../tensor/index.ts'
import { augmentDetection, type DetectionAugmentation, type DetectorInput, detectorInput } from './augment.ts'
import { stackTargets } from './targets.ts'

export interface DetectionLoaderOptions {
  /** The height and width that the network sees, multiples of 32. */
  readonly size: readonly [height: number, width: number]
  /** Images in a batch; 1 unless given. */
  readonly batchSize?: number
  /** Another random order in every epoch. */
  readonly shuffle?: boolean
  /** Leaves out a last batch that is not full. */
  readonly dropLast?: boolean
  /** Decides order, sizes and changes, together with the epoch. 0 unless given. */
  readonly seed?: number
  /** Random changes of the images; none unless given. */
  readonly augment?: DetectionAugmentation
  /**
   * Has every tenth batch and those after it take another size, up to so many times larger or smaller, in steps of 32 pixels
   * (Darknet's `random=1`, 1.4). 1 unless given.
   */
  readonly sizes?: number
}

export interface DetectionBatch {
  /** float32 [batch, channels, height, width], values 0..1. */
  readonly images: Tensor
  /** float32 [batch, objects, 5]; see stackTargets. */
  readonly targets: Tensor
  /** The samples as they were before: images in their own size, boxes in pixels. */
  readonly samples: readonly DetectionSample[]
}

interface Drawn {
  readonly sample: DetectionSample
  readonly generator: Generator
}

/** Batches between changes of the size. */
const sizePeriod = 10

/**
 * Batches for detectors. As with DataLoader, what an epoch holds depends on the seed, the epoch and the place alone, so that any batch
 * can be had again.
 */
export class DetectionLoader implements AsyncIterable<DetectionBatch> {
  readonly dataset: DetectionDataset
  readonly batchSize: number
  /** Batches in an epoch. */
  readonly length: number
  readonly #options: DetectionLoaderOptions
  readonly #loader: DataLoader<Drawn, readonly Drawn[]>
  #epoch = 0
  #startBatch = 0

  constructor(dataset: DetectionDataset, options: DetectionLoaderOptions) {
    const { size, batchSize = 1, sizes = 1, seed = 0 } = options
    for (const side of size) {
      if (Number.isInteger(side) && side > 0 && side % 32 === 0) continue
      throw new RangeError(`DetectionLoader: the size must be multiples of 32, got ${size.join(' x ')}`)
    }
    if (!(sizes >= 1 && sizes <= 4))
      throw new RangeError(`DetectionLoader: sizes is from 1 to 4, got ${sizes}`)
    this.dataset = dataset
    this.batchSize = batchSize
    this.#options = options
    const drawn = mapDataset(
      dataset,
      (sample, generator): Drawn => ({ sample, generator: generator ?? new Generator(seed) }),
    )
    const { shuffle = false, dropLast = false } = options
    this.#loader = new DataLoader(drawn, {
      batchSize,
      shuffle,
      dropLast,
      seed,
      collate: (samples) => samples,
    })
    this.length = this.#loader.length
  }

  /** Where the next pass starts; see DataLoader.setEpoch. */
  setEpoch(epoch: number, startBatch = 0): void {
    this.#epoch = epoch
    this.#startBatch = startBatch
    this.#loader.setEpoch(epoch, startBatch)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DetectionBatch, void, undefined> {
    const epoch = this.#epoch
    let place = epoch * this.length + this.#startBatch
    this.#epoch = epoch + 1
    this.#startBatch = 0
    this.#loader.setEpoch(epoch, place - epoch * this.length)
    for await (const drawn of this.#loader) yield this.#make(drawn, this.#sizeAt(place++))
  }

  /** The size of a batch, counted over all epochs. */
  #sizeAt(place: number): readonly [number, number] {
    const { size, sizes = 1, seed = 0 } = this.#options
    if (sizes === 1) return size
    const generator = new Generator(seed, sizeStream + Math.floor(place / sizePeriod))
    const factor = generator.uniform() < 0.5 ? generator.uniform(1, sizes) : 1 / generator.uniform(1, sizes)
    const scaled = (side: number): number => Math.max(Math.round((side * factor) / 32), 1) * 32
    return [scaled(size[0]), scaled(size[1])]
  }

  #make(drawn: readonly Drawn[], size: readonly [number, number]): DetectionBatch {
    const { augment } = this.#options
    const inputs = drawn.map(
      ({ sample, generator }): DetectorInput =>
        augment ? augmentDetection(sample, size, generator, augment) : detectorInput(sample, size),
    )
    return {
      images: stackImages(inputs.map(({ image }) => image)),
      targets: stackTargets(
        inputs.map(({ objects }) => objects),
        this.dataset.classes.length,
      ),
      samples: drawn.map(({ sample }) => sample),
    }
  }
}
