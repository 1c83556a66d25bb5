import { describe, expect, it } from 'vitest'
import { Cholesky, Matrix, QR, solve, symmetricEigen } from '../../src/classical/index.ts'
import { multiply, transpose } from '../../src/classical/numerics/products.ts'

function example(rows: number, columns: number, seed = 1): Matrix {
  const matrix = new Matrix(rows, columns)
  for (let at = 0; at < matrix.data.length; at++) matrix.data[at] = Math.sin(seed + 1.7 * at + (at % 11))
  return matrix
}

function largestDifference(a: Matrix, b: Matrix): number {
  expect([a.rows, a.columns]).toEqual([b.rows, b.columns])
  return a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - b.data[at]!)), 0)
}

function identity(size: number): Matrix {
  const result = new Matrix(size, size)
  for (let i = 0; i < size; i++) result.set(i, i, 1)
  return result
}

describe('QR', () => {
  it.each([
    [6, 6],
    [40, 7],
    [3, 8],
    [1, 1],
  ])('gives back a matrix of %i x %i', (rows, columns) => {
    const a = example(rows, columns)
    const qr = new QR(a)
    expect(qr.rank).toBe(Math.min(rows, columns))
    const upper = qr.upper()
    for (let j = 0; j < columns; j++) {
      const column = new Float64Array(rows)
      for (let i = 0; i < qr.rank; i++) column[i] = upper.get(i, j)
      qr.apply(column)
      for (let i = 0; i < rows; i++) expect(column[i]).toBeCloseTo(a.get(i, qr.pivots[j]!), 12)
    }
    for (let i = 1; i < qr.rank; i++) {
      expect(Math.abs(qr.r(i, i))).toBeLessThanOrEqual(Math.abs(qr.r(i - 1, i - 1)) * (1 + 1e-12))
    }
  })

  it('finds the rank', () => {
    const a = multiply(example(20, 3), example(3, 6, 2))
    expect(new QR(a).rank).toBe(3)
    expect(new QR(new Matrix(4, 2)).rank).toBe(0)
  })

  it('solves with both triangles', () => {
    const qr = new QR(example(9, 4))
    const wanted = [1, -2, 3, 0.5]
    const [upper, lower] = [new Float64Array(4), new Float64Array(4)]
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 4; j++) {
        if (j >= i) upper[i]! += qr.r(i, j) * wanted[j]!
        if (j <= i) lower[i]! += qr.r(j, i) * wanted[j]!
      }
    }
    for (const [i, value] of qr.solveUpper(upper).entries()) expect(value).toBeCloseTo(wanted[i]!, 12)
    for (const [i, value] of qr.solveUpperTransposed(lower).entries())
      expect(value).toBeCloseTo(wanted[i]!, 12)
  })
})

describe('Cholesky', () => {
  const half = example(12, 5)
  const a = multiply(half, half, { transposeA: true })

  it('gives back the matrix, its inverse and its determinant', () => {
    const cholesky = new Cholesky(a)
    expect(cholesky.failedAt).toBeUndefined()
    expect(largestDifference(multiply(cholesky.lower, cholesky.lower, { transposeB: true }), a)).toBeLessThan(
      1e-12,
    )
    expect(largestDifference(multiply(cholesky.inverse(), a), identity(5))).toBeLessThan(1e-10)
    const { values } = symmetricEigen(a)
    expect(cholesky.logDeterminant).toBeCloseTo(
      values.reduce((sum, value) => sum + Math.log(value), 0),
      10,
    )
  })

  it('says where a matrix is not positive definite', () => {
    const dependent = Matrix.from([
      [1, 2, 3],
      [2, 4, 6],
      [3, 6, 10],
    ])
    expect(new Cholesky(dependent).failedAt).toBe(1)
    expect(new Cholesky(Matrix.from([[-1]])).failedAt).toBe(0)
    expect(new Cholesky(Matrix.from([[Number.NaN]])).failedAt).toBe(0)
  })
})

describe('solve', () => {
  it('solves, exchanging rows where it must', () => {
    const a = Matrix.from([
      [0, 2, 1],
      [1, 1, 0],
      [3, 0, 1],
    ])
    const b = example(3, 2)
    expect(largestDifference(multiply(a, solve(a, b)), b)).toBeLessThan(1e-14)
  })

  it('names the column that makes it impossible', () => {
    const a = Matrix.from([
      [1, 2, 3],
      [4, 5, 9],
      [7, 8, 15],
    ])
    expect(() => solve(a, identity(3))).toThrow('its column 2 depends on those before it')
    expect(() => solve(new Matrix(2, 3), identity(2))).toThrow('a must be square')
  })
})

describe('symmetricEigen', () => {
  it.each([1, 2, 5, 60])('of size %i', (size) => {
    const half = example(size, size)
    const a = new Matrix(size, size)
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) a.set(i, j, half.get(i, j) + half.get(j, i))
    }
    const { values, vectors } = symmetricEigen(a)
    expect(largestDifference(multiply(vectors, vectors, { transposeB: true }), identity(size))).toBeLessThan(
      1e-12,
    )
    const scaled = new Matrix(size, size)
    for (let k = 0; k < size; k++) scaled.row(k).set(vectors.row(k).map((value) => value * values[k]!))
    expect(largestDifference(multiply(transpose(vectors), scaled), a)).toBeLessThan(1e-11)
    for (let k = 1; k < size; k++) expect(values[k]).toBeLessThanOrEqual(values[k - 1]!)
  })

  it('of matrices with equal eigenvalues', () => {
    expect(Array.from(symmetricEigen(identity(4)).values)).toEqual([1, 1, 1, 1])
    const ones = new Matrix(5, 5, new Float64Array(25).fill(1))
    const { values } = symmetricEigen(ones)
    expect(values[0]).toBeCloseTo(5, 12)
    for (const value of values.subarray(1)) expect(value).toBeCloseTo(0, 12)
    expect(Array.from(symmetricEigen(new Matrix(3, 3)).values)).toEqual([0, 0, 0])
  })

  it('refuses numbers that are not finite', () => {
    expect(() =>
      symmetricEigen(
        Matrix.from([
          [1, Number.NaN],
          [Number.NaN, 1],
        ]),
      ),
    ).toThrow('not finite')
  })
})
