import {
  BatchNorm2d,
  type Buffer,
  buffer,
  F,
  init,
  Module,
  type Parameter,
  parameter,
} from '../../nn/index.ts'
import { type Tensor, tensor, zeros } from '../../tensor/index.ts'

export interface DctFilterOptions {
  /** Keeps the filters whose two frequencies add up to less; all of them unless given. */
  readonly level?: number | null
  /** Whether the constant filter is one of them; true unless given. */
  readonly constant?: boolean
}

/**
 * The filters of the two-dimensional discrete cosine transform of size k, each divided by the sum of its magnitudes: k * k
 * numbers each, vertical frequency first.
 */
export function dctFilters(k: number, { level = null, constant = true }: DctFilterOptions = {}): number[][] {
  const filters: number[][] = []
  for (let u = 0; u < k; u++) {
    for (let v = 0; v < k; v++) {
      if ((level !== null && u + v >= level) || (!constant && u + v === 0)) continue
      const wave = (x: number, frequency: number): number => Math.cos((Math.PI * (x + 0.5) * frequency) / k)
      const filter = Array.from({ length: k * k }, (_, i) => wave(Math.floor(i / k), u) * wave(i % k, v))
      const total = filter.reduce((sum, value) => sum + Math.abs(value), 0)
      filters.push(filter.map((value) => value / total))
    }
  }
  return filters
}

/** The same filters `times` times, as [times * filters, 1, k, k] or, `inside`, as [times, filters, k, k]. */
export function dctBank(filters: readonly number[][], times: number, inside: boolean): Buffer {
  const k = Math.sqrt(filters[0]!.length)
  const values = Float32Array.from(Array.from({ length: times }, () => filters.flat()).flat())
  return buffer(tensor(values, inside ? [times, filters.length, k, k] : [times * filters.length, 1, k, k]))
}

/**
 * The kernel [out, in, k, k] that weights [out, in, filters, 1, 1] make of a bank [1, filters, k, k]. A sum of products
 * rather than a matrix product, which would count as work that is done for every image.
 */
export function harmonicKernel(weight: Tensor, bank: Tensor): Tensor {
  return weight.mul(bank.unsqueeze(0)).sum(2)
}

export interface HarmonicConv2dOptions extends DctFilterOptions {
  readonly stride?: number
  readonly padding?: number
  readonly dilation?: number
  readonly groups?: number
  /** True unless given. */
  readonly bias?: boolean
  /** Normalizes the responses to the filters before they are weighted, as the first layer of a network does. */
  readonly norm?: boolean
}

/**
 * A convolution whose kernels are weighted sums of cosine filters (Ulicny et al. 2019), from [batch, in, h, w] to
 * [batch, out, h', w']. Without normalization the kernels are put together first and one convolution is done; with it every
 * channel's responses to the filters are computed, normalized and mixed by a 1x1 convolution.
 */
export class HarmonicConv2d extends Module {
  dct: Buffer
  weight: Parameter
  bias: Parameter | null
  bn: BatchNorm2d | null
  readonly #channels: number
  readonly #options: { readonly stride: number; readonly padding: number; readonly dilation: number }
  readonly #groups: number

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: HarmonicConv2dOptions = {},
  ) {
    super()
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, norm = false } = options
    const filters = dctFilters(kernelSize, options)
    const width = inChannels / groups
    this.#channels = inChannels
    this.#options = { stride, padding, dilation }
    this.#groups = groups
    this.dct = dctBank(filters, norm ? inChannels : 1, !norm)
    this.weight = parameter(
      zeros(norm ? [outChannels, width * filters.length, 1, 1] : [outChannels, width, filters.length, 1, 1]),
    )
    init.kaimingNormal(this.weight, { mode: 'fanOut', nonlinearity: 'relu' })
    this.bias = bias ? parameter(zeros([outChannels])) : null
    this.bn = norm ? new BatchNorm2d(inChannels * filters.length, { affine: false }) : null
  }

  override forward(x: Tensor): Tensor {
    const groups = this.#groups
    if (this.bn === null) {
      return F.conv2d(x, harmonicKernel(this.weight, this.dct), this.bias, { ...this.#options, groups })
    }
    const responses = F.conv2d(x, this.dct, null, { ...this.#options, groups: this.#channels })
    return F.conv2d(this.bn.forward(responses), this.weight, this.bias, { groups })
  }
}

/** A state dict in which the filters come before the weights, as in the authors' files, where they are parameters. */
export function filtersFirst(state: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const ordered = new Map<string, Tensor>()
  for (const [name, value] of state) {
    const filters = name.endsWith('.weight') ? name.slice(0, -'weight'.length) + 'dct' : ''
    const bank = state.get(filters)
    if (bank) ordered.set(filters, bank)
    ordered.set(name, value)
  }
  return ordered
}
