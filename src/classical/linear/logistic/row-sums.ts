import { rowSumsModule } from './row-sums-module.ts'
import type { SparseRows } from './rows.ts'

/**
 * The two passes over samples that logistic regression makes: their products with a matrix of coefficients [columns, width],
 * and the sum of samples times numbers of theirs, which is such a matrix.
 */
export interface RowSums {
  /** The numbers of each sample in a block, `width` and perhaps some more that are not used. */
  readonly stride: number
  /** How many samples a block has at most. */
  readonly block: number
  /** Takes over the coefficients, row by row, and sets the sums to 0. */
  begin(coefficients: Float64Array): void
  /** The products of the samples from `first` to `last` with the coefficients: a block, valid until the next call. */
  products(first: number, last: number): Float64Array
  /** Adds the same samples times the numbers that now stand in the block. */
  add(first: number, last: number): void
  /** The sums, row by row. */
  end(sums: Float64Array): void
}

const block = 256

/** Loops in JavaScript. */
export class PlainRowSums implements RowSums {
  readonly stride: number
  readonly block: number = block
  readonly #rows: SparseRows
  readonly #numbers: Float64Array
  readonly #sums: Float64Array
  #coefficients: Float64Array = new Float64Array()

  constructor(rows: SparseRows, width: number) {
    this.#rows = rows
    this.stride = width
    this.#numbers = new Float64Array(block * width)
    this.#sums = new Float64Array(rows.columns * width)
  }

  begin(coefficients: Float64Array): void {
    this.#coefficients = coefficients
    this.#sums.fill(0)
  }

  products(first: number, last: number): Float64Array {
    const { starts, indices, values } = this.#rows
    const { stride } = this
    const coefficients = this.#coefficients
    const result = this.#numbers.fill(0)
    for (let i = first; i < last; i++) {
      const to = (i - first) * stride
      if (stride === 1) {
        let sum = 0
        for (let at = starts[i]!; at < starts[i + 1]!; at++) sum += values[at]! * coefficients[indices[at]!]!
        result[to] = sum
        continue
      }
      for (let at = starts[i]!; at < starts[i + 1]!; at++) {
        const value = values[at]!
        const from = indices[at]! * stride
        for (let k = 0; k < stride; k++) result[to + k]! += value * coefficients[from + k]!
      }
    }
    return result
  }

  add(first: number, last: number): void {
    const { starts, indices, values } = this.#rows
    const { stride } = this
    const [numbers, sums] = [this.#numbers, this.#sums]
    for (let i = first; i < last; i++) {
      const from = (i - first) * stride
      if (stride === 1) {
        const number = numbers[from]!
        for (let at = starts[i]!; at < starts[i + 1]!; at++) sums[indices[at]!]! += values[at]! * number
        continue
      }
      for (let at = starts[i]!; at < starts[i + 1]!; at++) {
        const value = values[at]!
        const to = indices[at]! * stride
        for (let k = 0; k < stride; k++) sums[to + k]! += value * numbers[from + k]!
      }
    }
  }

  end(sums: Float64Array): void {
    sums.set(this.#sums)
  }
}

interface Exports {
  sums(
    starts: number,
    indices: number,
    values: number,
    first: number,
    last: number,
    matrix: number,
    stride: number,
    result: number,
  ): void
  spread(
    starts: number,
    indices: number,
    values: number,
    first: number,
    last: number,
    factors: number,
    stride: number,
    matrix: number,
  ): void
}

const page = 65536
let compiled: WebAssembly.Module | undefined

/** The same loops two numbers at a time in WebAssembly, with the samples in its memory. */
export class FastRowSums implements RowSums {
  readonly stride: number
  readonly block: number = block
  readonly #width: number
  readonly #exports: Exports
  readonly #samples: readonly [starts: number, indices: number, values: number]
  readonly #coefficients: Float64Array
  readonly #numbers: Float64Array
  readonly #sums: Float64Array

  /** Throws a RangeError or WebAssembly's errors where there is no memory or no WebAssembly with SIMD. */
  constructor({ starts, indices, values, columns }: SparseRows, width: number) {
    this.#width = width
    this.stride = width + (width % 2)
    let bytes = page
    const place = (size: number): number => {
      const at = bytes
      bytes += Math.ceil(size / 16) * 16
      return at
    }
    const [atStarts, atIndices, atValues] = [starts, indices, values].map((each) =>
      place(each.byteLength),
    ) as [number, number, number]
    const size = columns * this.stride
    const [atCoefficients, atSums] = [place(8 * size), place(8 * size)]
    const atNumbers = place(8 * block * this.stride)
    compiled ??= new WebAssembly.Module(
      Uint8Array.from(atob(rowSumsModule), (letter) => letter.charCodeAt(0)),
    )
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / page) })
    this.#exports = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Exports
    const { buffer } = memory
    new Int32Array(buffer, atStarts, starts.length).set(starts)
    new Int32Array(buffer, atIndices, indices.length).set(indices)
    new Float64Array(buffer, atValues, values.length).set(values)
    this.#samples = [atStarts, atIndices, atValues]
    this.#coefficients = new Float64Array(buffer, atCoefficients, size)
    this.#sums = new Float64Array(buffer, atSums, size)
    this.#numbers = new Float64Array(buffer, atNumbers, block * this.stride)
  }

  begin(coefficients: Float64Array): void {
    const [width, { stride }] = [this.#width, this]
    if (width === stride) this.#coefficients.set(coefficients)
    else {
      for (let j = 0; j * width < coefficients.length; j++) {
        this.#coefficients.set(coefficients.subarray(j * width, (j + 1) * width), j * stride)
      }
    }
    this.#sums.fill(0)
  }

  products(first: number, last: number): Float64Array {
    const [matrix, result] = [this.#coefficients.byteOffset, this.#numbers.byteOffset]
    this.#exports.sums(...this.#samples, first, last, matrix, this.stride / 2, result)
    return this.#numbers
  }

  add(first: number, last: number): void {
    const [matrix, factors] = [this.#sums.byteOffset, this.#numbers.byteOffset]
    this.#exports.spread(...this.#samples, first, last, factors, this.stride / 2, matrix)
  }

  end(sums: Float64Array): void {
    const [width, { stride }] = [this.#width, this]
    for (let j = 0; j * width < sums.length; j++) {
      sums.set(this.#sums.subarray(j * stride, j * stride + width), j * width)
    }
  }
}

/** The faster of the two where it can be had and there is more than one number for each sample. */
export function rowSums(rows: SparseRows, width: number): RowSums {
  if (width > 1) {
    try {
      return new FastRowSums(rows, width)
    } catch {
      // No WebAssembly with SIMD, or samples beyond its memory: JavaScript's loops do the same.
    }
  }
  return new PlainRowSums(rows, width)
}
