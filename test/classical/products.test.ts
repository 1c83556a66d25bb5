import { describe, expect, it } from 'vitest'
import { Matrix } from '../../src/classical/index.ts'
import { multiply, transpose } from '../../src/classical/numerics/products.ts'

function example(rows: number, columns: number, seed: number): Matrix {
  const matrix = new Matrix(rows, columns)
  matrix.data.forEach((_, i) => {
    matrix.data[i] = Math.sin(seed + 1.7 * i + (i % 7))
  })
  return matrix
}

/** The definition, number by number. */
function defined(a: Matrix, b: Matrix): Matrix {
  const result = new Matrix(a.rows, b.columns)
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.columns; j++) {
      for (let k = 0; k < a.columns; k++) result.data[i * b.columns + j]! += a.get(i, k) * b.get(k, j)
    }
  }
  return result
}

function expectClose(actual: Matrix, wanted: Matrix): void {
  expect([actual.rows, actual.columns]).toEqual([wanted.rows, wanted.columns])
  const off = actual.data.map((value, i) => Math.abs(value - wanted.data[i]!))
  expect(Math.max(0, ...off)).toBeLessThan(1e-12)
}

describe('multiply', () => {
  const sizes = [
    [1, 1, 1],
    [2, 3, 4],
    [3, 5, 7],
    [9, 257, 6],
    [17, 515, 13],
    [70, 33, 150],
    [0, 3, 2],
    [2, 0, 3],
  ] as const

  it.each(sizes)('multiplies %i x %i by %i columns, transposed or not', (m, k, n) => {
    const [a, b] = [example(m, k, 1), example(k, n, 2)]
    const wanted = defined(a, b)
    expectClose(multiply(a, b), wanted)
    expectClose(multiply(a, transpose(b), { transposeB: true }), wanted)
    expectClose(multiply(transpose(a), b, { transposeA: true }), wanted)
    expectClose(multiply(transpose(a), transpose(b), { transposeA: true, transposeB: true }), wanted)
  })

  it('refuses sizes that do not fit', () => {
    expect(() => multiply(new Matrix(2, 3), new Matrix(2, 3))).toThrow(
      '2 x 3 and 2 x 3 matrices have no product',
    )
  })
})
