import { InputError } from '../../errors.ts'
import { Matrix } from '../../tables/matrix.ts'

export interface SymmetricEigen {
  /** The eigenvalues, the largest first. */
  readonly values: Float64Array
  /** The eigenvector of each value in a row, of length 1. */
  readonly vectors: Matrix
}

const mostSweeps = 60

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to three diagonals, then QL steps with implicit
 * shifts (Golub and Van Loan, 8.3; Wilkinson and Reinsch, II/2 and II/4).
 */
export function symmetricEigen(a: Matrix): SymmetricEigen {
  const size = a.rows
  const { diagonal, off, vectors } = tridiagonal(a)
  // What the reduction has rounded away: without it, the many zeros of a matrix of low rank never settle.
  const rounding =
    diagonal.reduce((most, each, i) => Math.max(most, Math.abs(each) + Math.abs(off[i]!)), 0) / 16
  for (let start = 0; start < size; start++) {
    for (let sweep = 0; ; sweep++) {
      let end = start
      while (end < size - 1) {
        const around = Math.abs(diagonal[end]!) + Math.abs(diagonal[end + 1]!)
        if (Math.abs(off[end]!) <= Number.EPSILON * Math.max(around, rounding)) break
        end++
      }
      if (end === start) break
      if (sweep === mostSweeps)
        throw new InputError('symmetricEigen: the matrix has numbers that are not finite')
      implicitStep(diagonal, off, vectors, start, end)
    }
  }
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j]! - diagonal[i]!)
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors: vectors.take(order) }
}

/** H A H' with three diagonals; the rows of `vectors` are those of H. */
function tridiagonal(a: Matrix): { diagonal: Float64Array; off: Float64Array; vectors: Matrix } {
  const size = a.rows
  const work = new Matrix(size, size, a.data.slice())
  const reflections: Float64Array[] = []
  const off = new Float64Array(size)
  for (let k = 0; k < size - 1; k++) {
    const v = new Float64Array(size)
    let scale = 0
    for (let i = k + 1; i < size; i++) scale = Math.max(scale, Math.abs(work.get(i, k)))
    reflections.push(v)
    if (scale === 0) continue
    let sum = 0
    for (let i = k + 1; i < size; i++) {
      v[i] = work.get(i, k) / scale
      sum += v[i]! ** 2
    }
    const length = v[k + 1]! < 0 ? -Math.sqrt(sum) : Math.sqrt(sum)
    off[k] = -length * scale
    v[k + 1]! += length
    // v is scaled so that the reflection is I - v v'.
    const factor = 1 / Math.sqrt(length * v[k + 1]!)
    for (let i = k + 1; i < size; i++) v[i]! *= factor
    twoSided(work, v, k + 1)
  }
  const vectors = new Matrix(size, size)
  for (let i = 0; i < size; i++) vectors.set(i, i, 1)
  // From the last reflection backwards, only the rows and columns that it touches are other than the identity's.
  for (let k = size - 2; k >= 0; k--) reflectColumns(vectors, reflections[k]!, k + 1)
  return { diagonal: Float64Array.from({ length: size }, (_, i) => work.get(i, i)), off, vectors }
}

/** (I - v v') W (I - v v') = W - v w' - w v', with w = W v - v (v' W v) / 2, on the rows and columns from `from` on. */
function twoSided(matrix: Matrix, v: Float64Array, from: number): void {
  const { rows: size, data } = matrix
  const w = new Float64Array(size)
  let dot = 0
  for (let i = from; i < size; i++) {
    let sum = 0
    for (let j = from; j < size; j++) sum += data[i * size + j]! * v[j]!
    w[i] = sum
    dot += sum * v[i]!
  }
  for (let i = from; i < size; i++) w[i]! -= (dot / 2) * v[i]!
  for (let i = from; i < size; i++) {
    const [vi, wi] = [v[i]!, w[i]!]
    for (let j = from; j < size; j++) data[i * size + j]! -= vi * w[j]! + wi * v[j]!
  }
}

/** M (I - v v'), on the rows and columns from `from` on. */
function reflectColumns({ rows: size, data }: Matrix, v: Float64Array, from: number): void {
  for (let i = from; i < size; i++) {
    let sum = 0
    for (let j = from; j < size; j++) sum += data[i * size + j]! * v[j]!
    if (sum === 0) continue
    for (let j = from; j < size; j++) data[i * size + j]! -= sum * v[j]!
  }
}

/** One QL step with Wilkinson's shift on the block from `start` to `end`. */
function implicitStep(
  diagonal: Float64Array,
  off: Float64Array,
  vectors: Matrix,
  start: number,
  end: number,
): void {
  let g = (diagonal[start + 1]! - diagonal[start]!) / (2 * off[start]!)
  let r = Math.hypot(g, 1)
  g = diagonal[end]! - diagonal[start]! + off[start]! / (g + (g < 0 ? -r : r))
  let [sine, cosine, shift] = [1, 1, 0]
  for (let i = end - 1; i >= start; i--) {
    const f = sine * off[i]!
    const b = cosine * off[i]!
    r = Math.hypot(f, g)
    off[i + 1] = r
    if (r === 0) {
      diagonal[i + 1]! -= shift
      off[end] = 0
      return
    }
    sine = f / r
    cosine = g / r
    g = diagonal[i + 1]! - shift
    r = (diagonal[i]! - g) * sine + 2 * cosine * b
    shift = sine * r
    diagonal[i + 1] = g + shift
    g = cosine * r - b
    rotateRows(vectors, i, sine, cosine)
  }
  diagonal[start]! -= shift
  off[start] = g
  off[end] = 0
}

function rotateRows({ columns, data }: Matrix, i: number, sine: number, cosine: number): void {
  const [at, next] = [i * columns, (i + 1) * columns]
  for (let k = 0; k < columns; k++) {
    const f = data[next + k]!
    const e = data[at + k]!
    data[next + k] = sine * e + cosine * f
    data[at + k] = cosine * e - sine * f
  }
}
