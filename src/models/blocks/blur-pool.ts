import { type Buffer, buffer, F, Module } from '../../nn/index.ts'
import { type Tensor, tensor } from '../../tensor/index.ts'

export interface BlurPool2dOptions {
  /** A side of the binomial filter; 3 unless given. */
  readonly filterSize?: number
  /** 2 unless given. */
  readonly stride?: number
  /** What surrounds the image: its mirror, as unless given, or zeros. */
  readonly padMode?: 'reflect' | 'constant'
}

/**
 * Blurs each channel by a binomial filter and takes every `stride`-th pixel (Zhang 2019, anti-aliasing). Takes
 * [batch, channels, height, width]; the filter is not among the parameters.
 */
export class BlurPool2d extends Module {
  readonly filter: Buffer
  readonly #channels: number
  readonly #stride: number
  readonly #padding: number
  readonly #padMode: 'reflect' | 'constant'

  constructor(channels: number, options: BlurPool2dOptions = {}) {
    super()
    const { filterSize = 3, stride = 2, padMode = 'reflect' } = options
    if (!Number.isInteger(filterSize) || filterSize < 2) {
      throw new RangeError(`BlurPool2d: filterSize must be an integer of 2 at least, got ${filterSize}`)
    }
    let row = [1]
    for (let i = 1; i < filterSize; i++) row = [...row, 0].map((value, j) => value + (row[j - 1] ?? 0))
    const plane = row.flatMap((a) => row.map((b) => (a * b) / 4 ** (filterSize - 1)))
    const values = Array.from({ length: channels }, () => plane).flat()
    this.filter = buffer(tensor(values, [channels, 1, filterSize, filterSize]), { persistent: false })
    this.#channels = channels
    this.#stride = stride
    this.#padding = Math.floor((stride - 1 + filterSize - 1) / 2)
    this.#padMode = padMode
  }

  override forward(x: Tensor): Tensor {
    const sides = [this.#padding, this.#padding, this.#padding, this.#padding]
    const padded = F.pad(x, sides, { mode: this.#padMode })
    return F.conv2d(padded, this.filter, null, { stride: this.#stride, groups: this.#channels })
  }
}
