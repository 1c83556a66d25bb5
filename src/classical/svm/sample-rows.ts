import type { Matrix } from '../tables/matrix.ts'

/** Up to this share of numbers other than 0, these alone are kept: images and counts of words are mostly zeros. */
const sparse = 0.5

interface Nonzeros {
  /** Where each row starts in the others, and the end of the last. */
  readonly starts: Int32Array
  readonly columns: Int32Array
  readonly values: Float64Array
}

/** Samples with a constant feature at the end, for methods that multiply them with weights over and over. */
export class SampleRows {
  readonly rows: number
  /** The features, the constant not counted. */
  readonly width: number
  readonly #constant: number
  readonly #data: Float64Array
  readonly #nonzeros: Nonzeros | undefined

  /** @param constant The constant feature; 0 for none. */
  constructor({ rows, columns, data }: Matrix, constant: number) {
    this.rows = rows
    this.width = columns
    this.#constant = constant
    this.#data = data
    let count = 0
    for (const value of data) if (value !== 0) count++
    this.#nonzeros = count <= sparse * data.length ? nonzerosOf(data, columns, rows, count) : undefined
  }

  /** The scalar product of a sample and weights. */
  dot(row: number, weights: Float64Array): number {
    const last = this.#constant * weights[this.width]!
    const nonzeros = this.#nonzeros
    if (nonzeros === undefined) return last + denseDot(this.#data, row * this.width, weights, this.width)
    const { starts, columns, values } = nonzeros
    const end = starts[row + 1]!
    // Two sums, so that one addition need not wait for the other.
    let [even, odd] = [0, 0]
    let at = starts[row]!
    for (; at + 1 < end; at += 2) {
      even += values[at]! * weights[columns[at]!]!
      odd += values[at + 1]! * weights[columns[at + 1]!]!
    }
    if (at < end) even += values[at]! * weights[columns[at]!]!
    return last + even + odd
  }

  /** Adds a multiple of a sample. */
  add(row: number, factor: number, sum: Float64Array): void {
    sum[this.width]! += factor * this.#constant
    const nonzeros = this.#nonzeros
    if (nonzeros === undefined) {
      const from = row * this.width
      for (let c = 0; c < this.width; c++) sum[c]! += factor * this.#data[from + c]!
      return
    }
    const { starts, columns, values } = nonzeros
    const end = starts[row + 1]!
    for (let at = starts[row]!; at < end; at++) sum[columns[at]!]! += factor * values[at]!
  }

  /** Adds a multiple of the squares of a sample's features. */
  addSquares(row: number, factor: number, sum: Float64Array): void {
    sum[this.width]! += factor * this.#constant * this.#constant
    const from = row * this.width
    for (let c = 0; c < this.width; c++) sum[c]! += factor * this.#data[from + c]! * this.#data[from + c]!
  }

  /** The squared length of a sample. */
  squaredLength(row: number): number {
    const from = row * this.width
    let sum = this.#constant * this.#constant
    for (let c = 0; c < this.width; c++) sum += this.#data[from + c]! * this.#data[from + c]!
    return sum
  }
}

function denseDot(data: Float64Array, from: number, weights: Float64Array, width: number): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  let i = 0
  for (; i + 3 < width; i += 4) {
    a += data[from + i]! * weights[i]!
    b += data[from + i + 1]! * weights[i + 1]!
    c += data[from + i + 2]! * weights[i + 2]!
    d += data[from + i + 3]! * weights[i + 3]!
  }
  for (; i < width; i++) a += data[from + i]! * weights[i]!
  return a + b + (c + d)
}

function nonzerosOf(data: Float64Array, width: number, rows: number, count: number): Nonzeros {
  const starts = new Int32Array(rows + 1)
  const columns = new Int32Array(count)
  const values = new Float64Array(count)
  let at = 0
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < width; c++) {
      const value = data[row * width + c]!
      if (value === 0) continue
      columns[at] = c
      values[at++] = value
    }
    starts[row + 1] = at
  }
  return { starts, columns, values }
}
