import { type Tensor, tensor } from '../../tensor/index.ts'
import type { Matrix } from '../tables/matrix.ts'
import type { DenseNetwork } from './network.ts'

/** Samples and what is to be learned of them, in the engine's dtype. */
export class Samples {
  readonly rows: number
  readonly #columns: number
  readonly #outputs: number
  readonly #x: Float32Array | Float64Array
  readonly #y: Float32Array | Float64Array | Int32Array

  /** @param y Int32Array for class numbers, one a row; else numbers [rows, outputs]. */
  constructor(network: DenseNetwork, x: Matrix, y: Float64Array | Int32Array) {
    this.rows = x.rows
    this.#columns = x.columns
    this.#outputs = y.length / x.rows
    this.#x = network.numbers(x.data)
    this.#y = y instanceof Int32Array ? y : network.numbers(y)
  }

  /** The samples of these rows, all where none are named. */
  batch(rows?: Int32Array): [x: Tensor, y: Tensor] {
    const count = rows?.length ?? this.rows
    const x = rows ? taken(this.#x, this.#columns, rows) : this.#x
    const y = rows ? taken(this.#y, this.#outputs, rows) : this.#y
    return [
      tensor(x, [count, this.#columns]),
      tensor(y, y instanceof Int32Array ? [count] : [count, this.#outputs]),
    ]
  }
}

function taken<T extends Float32Array | Float64Array | Int32Array>(
  values: T,
  width: number,
  rows: Int32Array,
): T {
  const result = new (values.constructor as new (length: number) => T)(rows.length * width)
  for (const [i, row] of rows.entries()) {
    const from = row * width
    for (let c = 0; c < width; c++) result[i * width + c] = values[from + c]!
  }
  return result
}
