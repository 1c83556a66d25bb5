import { InputError } from '../errors.ts'
import { Matrix } from '../tables/matrix.ts'

export interface MultiplyOptions {
  /** Takes the first matrix transposed. */
  readonly transposeA?: boolean
  /** Takes the second matrix transposed. */
  readonly transposeB?: boolean
}

/** So many numbers of a row stay in the first-level cache together with those of a few other rows. */
const depth = 256

/** The product of two matrices in float64. Throws an InputError where their sizes do not fit. */
export function multiply(
  a: Matrix,
  b: Matrix,
  { transposeA = false, transposeB = false }: MultiplyOptions = {},
): Matrix {
  const left = transposeA ? transpose(a) : a
  const right = transposeB ? b : transpose(b)
  if (left.columns !== right.columns) {
    throw new InputError(
      `multiply: ${left.rows} x ${left.columns} and ${right.columns} x ${right.rows} matrices have no product`,
    )
  }
  const result = new Matrix(left.rows, right.rows)
  plainProduct(left, right, result)
  return result
}

/** The matrix with rows and columns exchanged. */
export function transpose({ rows, columns, data }: Matrix): Matrix {
  const result = new Matrix(columns, rows)
  const block = 32
  for (let i0 = 0; i0 < rows; i0 += block) {
    const end = Math.min(rows, i0 + block)
    for (let j = 0; j < columns; j++) {
      for (let i = i0; i < end; i++) result.data[j * rows + i] = data[i * columns + j]!
    }
  }
  return result
}

/** result += a b', with rows of both side by side in tiles of 2 x 4 that stay in registers. */
export function plainProduct(a: Matrix, b: Matrix, result: Matrix): void {
  const [x, y, out] = [a.data, b.data, result.data]
  const [m, n, width] = [a.rows, b.rows, a.columns]
  for (let k0 = 0; k0 < width; k0 += depth) {
    const size = Math.min(depth, width - k0)
    for (let j = 0; j < n; j += 4) {
      const tall = Math.min(4, n - j)
      for (let i = 0; i < m; i += 2) {
        const wide = Math.min(2, m - i)
        if (tall === 4 && wide === 2) {
          tile(x, i * width + k0, y, j * width + k0, width, size, out, i * n + j, n)
          continue
        }
        for (let r = 0; r < wide; r++) {
          for (let c = 0; c < tall; c++) {
            const [xi, yj] = [(i + r) * width + k0, (j + c) * width + k0]
            let sum = 0
            for (let k = 0; k < size; k++) sum += x[xi + k]! * y[yj + k]!
            out[(i + r) * n + j + c]! += sum
          }
        }
      }
    }
  }
}

function tile(
  x: Float64Array,
  x0: number,
  y: Float64Array,
  y0: number,
  width: number,
  size: number,
  out: Float64Array,
  at: number,
  n: number,
): void {
  const x1 = x0 + width
  const y1 = y0 + width
  const y2 = y1 + width
  const y3 = y2 + width
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0]
  for (let k = 0; k < size; k++) {
    const u = x[x0 + k]!
    const v = x[x1 + k]!
    const b0 = y[y0 + k]!
    const b1 = y[y1 + k]!
    const b2 = y[y2 + k]!
    const b3 = y[y3 + k]!
    s00 += u * b0
    s01 += u * b1
    s02 += u * b2
    s03 += u * b3
    s10 += v * b0
    s11 += v * b1
    s12 += v * b2
    s13 += v * b3
  }
  out[at]! += s00
  out[at + 1]! += s01
  out[at + 2]! += s02
  out[at + 3]! += s03
  out[at + n]! += s10
  out[at + n + 1]! += s11
  out[at + n + 2]! += s12
  out[at + n + 3]! += s13
}
