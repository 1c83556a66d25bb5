/** A linear map that takes the mean of vectors to 0 and their covariance to the identity. */
export interface Whitening {
  /** [dimensions] */
  readonly mean: Float32Array
  /** [dimensions, dimensions] by rows: the principal axes as columns, each over its standard deviation. */
  readonly projection: Float32Array
  /** The variance along each axis, the largest first. */
  readonly variances: Float32Array
}

/**
 * Whitening by principal components of vectors that lie one after the other. Throws a RangeError unless there are more
 * vectors than dimensions and all directions vary. Takes about a minute for 2049 dimensions.
 */
export function pcaWhitening(vectors: ArrayLike<number>, dimensions: number): Whitening {
  const count = vectors.length / dimensions
  if (!Number.isInteger(count) || count <= dimensions) {
    throw new RangeError(
      `pcaWhitening: ${vectors.length} numbers are ${count} vectors of ${dimensions} dimensions; ` +
        `more than ${dimensions} are needed`,
    )
  }
  const mean = meanOf(vectors, dimensions)
  const { values, vectors: axes } = symmetricEigen(covarianceOf(vectors, mean), dimensions)
  const order = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]!)
  const projection = new Float32Array(dimensions * dimensions)
  for (const [column, axis] of order.entries()) {
    const variance = values[axis]!
    if (!(variance > 1e-12 * values[order[0]!]!)) {
      throw new RangeError(`pcaWhitening: the vectors vary in ${column} of ${dimensions} directions only`)
    }
    const scale = 1 / Math.sqrt(variance)
    for (let i = 0; i < dimensions; i++) {
      projection[i * dimensions + column] = axes[axis * dimensions + i]! * scale
    }
  }
  return {
    mean: Float32Array.from(mean),
    projection,
    variances: Float32Array.from(order, (axis) => values[axis]!),
  }
}

function meanOf(vectors: ArrayLike<number>, dimensions: number): Float64Array {
  const mean = new Float64Array(dimensions)
  for (let i = 0; i < vectors.length; i++) mean[i % dimensions]! += vectors[i]!
  return mean.map((sum) => (sum * dimensions) / vectors.length)
}

function covarianceOf(vectors: ArrayLike<number>, mean: Float64Array): Float64Array {
  const n = mean.length
  const count = vectors.length / n
  const covariance = new Float64Array(n * n)
  const centred = new Float64Array(n)
  for (let v = 0; v < count; v++) {
    for (let i = 0; i < n; i++) centred[i] = vectors[v * n + i]! - mean[i]!
    for (let i = 0; i < n; i++) {
      const scaled = centred[i]! / (count - 1)
      for (let j = 0; j <= i; j++) covariance[i * n + j]! += scaled * centred[j]!
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) covariance[j * n + i] = covariance[i * n + j]!
  return covariance
}

/**
 * Eigenvalues of a symmetric matrix (which is overwritten) and its eigenvectors as rows: Householder's reduction to three
 * diagonals, then the implicit QL algorithm (Golub and Van Loan, Matrix Computations, section 8.3).
 */
export function symmetricEigen(
  matrix: Float64Array,
  n: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const { diagonal, beside, vectors } = tridiagonalize(matrix, n)
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l
      while (m < n - 1 && !negligible(beside[m]!, diagonal[m]!, diagonal[m + 1]!)) m++
      if (m === l) break
      if (sweep === 60) throw new Error('symmetricEigen: no convergence; are all numbers finite?')
      qlStep(diagonal, beside, vectors, n, l, m)
    }
  }
  return { values: diagonal, vectors }
}

function negligible(beside: number, a: number, b: number): boolean {
  return Math.abs(beside) <= Number.EPSILON * (Math.abs(a) + Math.abs(b))
}

function qlStep(
  d: Float64Array,
  e: Float64Array,
  vectors: Float64Array,
  n: number,
  l: number,
  m: number,
): void {
  const half = (d[l + 1]! - d[l]!) / (2 * e[l]!)
  let g = d[m]! - d[l]! + e[l]! / (half + (half < 0 ? -1 : 1) * Math.hypot(half, 1))
  let [s, c, p] = [1, 1, 0]
  for (let i = m - 1; i >= l; i--) {
    const [f, b] = [s * e[i]!, c * e[i]!]
    const r = Math.hypot(f, g)
    e[i + 1] = r
    if (r === 0) {
      d[i + 1]! -= p
      e[m] = 0
      return
    }
    s = f / r
    c = g / r
    const shifted = d[i + 1]! - p
    const t = (d[i]! - shifted) * s + 2 * c * b
    p = s * t
    d[i + 1] = shifted + p
    g = c * t - b
    const [upper, lower] = [i * n, (i + 1) * n]
    for (let k = 0; k < n; k++) {
      const [x, y] = [vectors[upper + k]!, vectors[lower + k]!]
      vectors[lower + k] = s * x + c * y
      vectors[upper + k] = c * x - s * y
    }
  }
  d[l]! -= p
  e[l] = g
  e[m] = 0
}

/** The three diagonals of Q' A Q (e[i] couples i and i + 1), and Q' by rows. */
function tridiagonalize(
  a: Float64Array,
  n: number,
): { diagonal: Float64Array; beside: Float64Array; vectors: Float64Array } {
  const beside = new Float64Array(n)
  const reflectors: { readonly v: Float64Array; readonly beta: number }[] = []
  const product = new Float64Array(n)
  for (let k = 0; k < n - 1; k++) {
    const v = new Float64Array(n)
    let norm = 0
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k]!
      norm += v[i]! * v[i]!
    }
    norm = Math.sqrt(norm)
    const alpha = v[k + 1]! > 0 ? -norm : norm
    beside[k] = alpha
    v[k + 1]! -= alpha
    const squared = norm * norm - alpha * a[(k + 1) * n + k]!
    const beta = squared > 0 ? 1 / squared : 0
    reflectors.push({ v, beta })
    if (beta === 0) continue
    let inner = 0
    for (let i = k + 1; i < n; i++) {
      let sum = 0
      for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * v[j]!
      product[i] = beta * sum
      inner += product[i]! * v[i]!
    }
    for (let i = k + 1; i < n; i++) product[i]! -= 0.5 * beta * inner * v[i]!
    for (let i = k + 1; i < n; i++) {
      const [vi, pi] = [v[i]!, product[i]!]
      for (let j = k + 1; j < n; j++) a[i * n + j]! -= vi * product[j]! + pi * v[j]!
    }
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!)
  return { diagonal, beside, vectors: transposed(basisOf(reflectors, n), n) }
}

function basisOf(
  reflectors: readonly { readonly v: Float64Array; readonly beta: number }[],
  n: number,
): Float64Array {
  const basis = new Float64Array(n * n)
  for (let i = 0; i < n; i++) basis[i * n + i] = 1
  const row = new Float64Array(n)
  for (const [k, { v, beta }] of [...reflectors.entries()].reverse()) {
    if (beta === 0) continue
    row.fill(0)
    for (let i = k + 1; i < n; i++) {
      const vi = v[i]!
      for (let j = k + 1; j < n; j++) row[j]! += vi * basis[i * n + j]!
    }
    for (let i = k + 1; i < n; i++) {
      const scaled = beta * v[i]!
      for (let j = k + 1; j < n; j++) basis[i * n + j]! -= scaled * row[j]!
    }
  }
  return basis
}

function transposed(matrix: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const kept = matrix[i * n + j]!
      matrix[i * n + j] = matrix[j * n + i]!
      matrix[j * n + i] = kept
    }
  }
  return matrix
}
