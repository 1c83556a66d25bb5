import { hostname } from 'node:os'
import { join } from 'node:path'
import { Tensor } from '../tensor/index.ts'
import { MessageWriter } from '../weights/protobuf-write.ts'
import { histogramOf } from './histogram.ts'
import type { GradientReport } from './loop.ts'
import { RecordFile } from './record-file.ts'

export interface SummaryWriterOptions {
  /** Of a run that goes on: what an earlier file in the folder says of this step and later ones does not count. */
  readonly purgeStep?: number
}

/** Numbers the files of this process. */
let writers = 0

/**
 * Writes a file of events for TensorBoard (`tensorboard --logdir FOLDER`), a new one in the folder each time. Values are
 * queued at once and written in the order in which they were added; a write that fails is thrown by the next call. A tag such
 * as `loss/train` is one curve, and what stands before its `/` groups curves. Steps are whole numbers from 0.
 */
export class SummaryWriter {
  readonly folder: string
  readonly #file: RecordFile

  constructor(folder: string, { purgeStep }: SummaryWriterOptions = {}) {
    this.folder = folder
    const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0')
    const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${writers++}`
    this.#file = new RecordFile(join(folder, name))
    this.#event(0, (event) => event.text(3, 'brain.Event:2'))
    if (purgeStep !== undefined) {
      const started = new MessageWriter().int(1, 1)
      this.#event(purgeStep, (event) => event.message(7, started))
    }
  }

  /** The file that is written. */
  get path(): string {
    return this.#file.path
  }

  /** A point of a curve; kept as a 32-bit float. */
  addScalar(tag: string, value: number, step: number): void {
    this.#value(tag, step, (message) => message.float(2, value))
  }

  /**
   * How often which numbers occur, in buckets that grow by a tenth. Resolves once the values of a tensor are known. Throws a
   * RangeError for no values, and for NaN or infinite ones.
   */
  async addHistogram(tag: string, values: Tensor | ArrayLike<number>, step: number): Promise<void> {
    const numbers = values instanceof Tensor ? await values.data() : values
    let histogram: ReturnType<typeof histogramOf>
    try {
      histogram = histogramOf(numbers)
    } catch (error) {
      throw new RangeError(`addHistogram ${tag}: ${(error as Error).message}`)
    }
    const { min, max, num, sum, sumSquares, bucketLimit, bucket } = histogram
    const counted = new MessageWriter()
      .double(1, min)
      .double(2, max)
      .double(3, num)
      .double(4, sum)
      .double(5, sumSquares)
      .doubles(6, bucketLimit)
      .doubles(7, bucket)
    this.#value(tag, step, (message) => message.message(5, counted))
  }

  /** A picture: the bytes of a PNG file, its size and kind of colours taken from them. Throws a TypeError for other bytes. */
  addImage(tag: string, png: Uint8Array, step: number): void {
    const { width, height, colorspace } = pngHeader(tag, png)
    const image = new MessageWriter().int(1, height).int(2, width).int(3, colorspace).bytes(4, png)
    this.#value(tag, step, (message) => message.message(4, image))
  }

  /** A text, shown as Markdown. */
  addText(tag: string, text: string, step: number): void {
    const plugin = new MessageWriter().text(1, 'text')
    const shape = new MessageWriter().message(2, new MessageWriter().int(1, 1))
    const strings = new MessageWriter().int(1, 7).message(2, shape).text(8, text)
    this.#value(tag, step, (message) =>
      message.message(9, new MessageWriter().message(1, plugin)).message(8, strings),
    )
  }

  /**
   * Of every parameter of a step and of its gradient the histogram and the mean magnitude, under `weights/`, `gradients/`,
   * `mean weight/` and `mean gradient/` and its name. For `train`: `onGradients: (report) => writer.addGradients(report)`.
   */
  async addGradients({ step, parameters }: GradientReport): Promise<void> {
    const kinds = parameters.flatMap(({ name, parameter, gradient }) => [
      { kind: 'weight', name, values: parameter },
      { kind: 'gradient', name, values: gradient },
    ])
    for (const { kind, name, values } of kinds) {
      const numbers = await values.data()
      await this.addHistogram(`${kind}s/${name}`, numbers, step)
      this.addScalar(`mean ${kind}/${name}`, meanMagnitude(numbers), step)
    }
  }

  /** Resolves once everything added is on the disk. Throws a FileWriteError. */
  flush(): Promise<void> {
    return this.#file.flush()
  }

  /** Writes what is left; nothing can be added afterwards. */
  close(): Promise<void> {
    return this.#file.close()
  }

  #value(tag: string, step: number, put: (message: MessageWriter) => MessageWriter): void {
    const summary = new MessageWriter().message(1, put(new MessageWriter().text(1, tag)))
    this.#event(step, (event) => event.message(5, summary))
  }

  #event(step: number, put: (event: MessageWriter) => MessageWriter): void {
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new RangeError(`TensorBoard's steps are whole numbers from 0; got ${step}`)
    }
    const event = put(new MessageWriter().double(1, Date.now() / 1000).int(2, step))
    this.#file.append(Buffer.concat(event.parts))
  }
}

function meanMagnitude(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!)
  return sum / values.length
}

/** Channels by PNG's type of colours, a palette being RGB: what TensorBoard calls the colour space. */
const channelsOfType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 }

function pngHeader(tag: string, png: Uint8Array): { width: number; height: number; colorspace: number } {
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  if (png.length < 33 || signature.some((byte, i) => png[i] !== byte)) {
    throw new TypeError(`addImage ${tag}: takes the bytes of a PNG file, and these are none`)
  }
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  return { width: view.getUint32(16), height: view.getUint32(20), colorspace: channelsOfType[png[25]!] ?? 3 }
}
