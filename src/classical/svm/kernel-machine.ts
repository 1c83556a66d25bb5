import { FloatRows, isWorthwhile, rowsPerBlock } from '../numerics/float-products.ts'
import { Pace } from '../pace.ts'
import { Matrix } from '../tables/matrix.ts'
import { floatError, ignoresPosition, type Kernel, kernelFunction, kernelOfProducts } from './kernel.ts'

/** Evaluates sums of kernels with support vectors: decision values without their intercepts. */
export class KernelMachine {
  readonly #vectors: Matrix
  readonly #kernel: Kernel
  /** How exactly the coefficients are known: the optimiser's `tol`. */
  readonly #tol: number
  #floats: FloatRows | undefined | null = null

  constructor(vectors: Matrix, kernel: Kernel, tol: number) {
    this.#vectors = vectors
    this.#kernel = kernel
    this.#tol = tol
  }

  /**
   * Calls `use` for each row of `x` with its kernels with all support vectors.
   * @param norm The length of the longest vector of coefficients that the kernels are multiplied by.
   */
  async evaluate(
    x: Matrix,
    norm: number,
    use: (row: number, kernels: ArrayLike<number>) => void,
  ): Promise<void> {
    const { rows, columns } = this.#vectors
    if (rows > 0 && (await isWorthwhile(x.rows * rows * columns))) {
      if (this.#floats === null) {
        this.#floats = FloatRows.from(this.#vectors, { centred: ignoresPosition(this.#kernel) })
      }
      if (this.#floats !== undefined && (await this.#onEngine(this.#floats, x, norm, use))) return
    }
    const kernel = kernelFunction(this.#kernel)
    const values = new Float64Array(rows)
    const pace = new Pace()
    for (let i = 0; i < x.rows; i++) {
      for (let s = 0; s < rows; s++) {
        values[s] = kernel(x.data, i * columns, this.#vectors.data, s * columns, columns)
      }
      use(i, values)
      await pace.pause()
    }
  }

  async #onEngine(
    floats: FloatRows,
    x: Matrix,
    norm: number,
    use: (row: number, kernels: ArrayLike<number>) => void,
  ): Promise<boolean> {
    const { rows } = floats
    const lengths = floats.lengthsOf(x)
    const longest = lengths.reduce((most, length) => Math.max(most, length), 0)
    // Errors of kernels are independent of each other, so that their squares add up. Decision values are known to `tol`:
    // where float32 would add more than a quarter of that, kernels are computed in float64.
    const error = floatError(this.#kernel, floats, longest) * norm
    if (!FloatRows.fits(longest) || !(error <= this.#tol / 4)) return false
    const pace = new Pace()
    const block = rowsPerBlock(rows)
    for (let start = 0; start < x.rows; start += block) {
      const end = Math.min(x.rows, start + block)
      const kernels = (await kernelOfProducts(
        this.#kernel,
        floats,
        floats.like(x, start, end),
        lengths.subarray(start, end),
      ).data()) as Float32Array
      for (let i = start; i < end; i++) {
        use(i, kernels.subarray((i - start) * rows, (i - start + 1) * rows))
        await pace.pause()
      }
    }
    return true
  }
}

/** Coefficients [n, vectors] times support vectors [vectors, features]. */
export function primalCoefficients(coefficients: Matrix, vectors: Matrix): Matrix {
  const result = new Matrix(coefficients.rows, vectors.columns)
  for (let r = 0; r < coefficients.rows; r++) {
    const sum = result.row(r)
    for (let s = 0; s < vectors.rows; s++) {
      const coefficient = coefficients.get(r, s)
      if (coefficient === 0) continue
      const from = s * vectors.columns
      for (let c = 0; c < sum.length; c++) sum[c]! += coefficient * vectors.data[from + c]!
    }
  }
  return result
}

/** Linear decision values: a matrix [samples, rows of `coefficients`]. */
export function linearDecisions(x: Matrix, coefficients: Matrix, intercept: Float64Array): Matrix {
  const result = new Matrix(x.rows, coefficients.rows)
  for (let i = 0; i < x.rows; i++) {
    for (let r = 0; r < coefficients.rows; r++) {
      let sum = intercept[r]!
      for (let c = 0; c < x.columns; c++) {
        sum += coefficients.data[r * x.columns + c]! * x.data[i * x.columns + c]!
      }
      result.set(i, r, sum)
    }
  }
  return result
}
