import { describe, expect, it } from 'vitest'
import { Matrix } from '../../src/classical/index.ts'
import { FastRowSums, PlainRowSums, rowSums } from '../../src/classical/linear/logistic/row-sums.ts'
import { sparseColumns, sparseRows } from '../../src/classical/linear/logistic/rows.ts'

/** Numbers of which about `zeros` in 10 are 0. */
function example(rows: number, columns: number, zeros: number): Matrix {
  const matrix = new Matrix(rows, columns)
  for (let at = 0; at < matrix.data.length; at++) {
    const number = Math.sin(1 + 1.7 * at + (at % 11))
    matrix.data[at] = (at * 7919) % 10 < zeros ? 0 : number
  }
  return matrix
}

describe('sums over rows in WebAssembly', () => {
  it.each([
    [1, 1, 2, 0],
    [5, 3, 3, 5],
    [300, 17, 10, 8],
    [700, 9, 12, 0],
    [513, 6, 13, 3],
    [10, 40, 37, 9],
  ])('%i samples of %i numbers, %i scores', (rows, columns, width, zeros) => {
    const samples = sparseRows(example(rows, columns, zeros), true)
    const coefficients = example(columns + 1, width, 1).data
    const results = [new PlainRowSums(samples, width), new FastRowSums(samples, width)].map((sums) => {
      // A second round must not see the first.
      sums.begin(new Float64Array(coefficients.length).fill(9))
      sums.add(0, Math.min(rows, sums.block))
      sums.begin(coefficients)
      const products: number[] = []
      for (let first = 0; first < rows; first += sums.block) {
        const last = Math.min(rows, first + sums.block)
        const block = sums.products(first, last)
        for (let i = 0; i < last - first; i++) {
          for (let k = 0; k < width; k++) {
            products.push(block[i * sums.stride + k]!)
            block[i * sums.stride + k]! -= k / 3
          }
        }
        sums.add(first, last)
      }
      const total = new Float64Array(coefficients.length)
      sums.end(total)
      return { products, total: Array.from(total) }
    })
    expect(results[1]).toEqual(results[0])
  })

  it('are what is used', () => {
    const samples = sparseRows(example(4, 3, 2), false)
    expect(rowSums(samples, 3)).toBeInstanceOf(FastRowSums)
    expect(rowSums(samples, 1)).toBeInstanceOf(PlainRowSums)
  })
})

describe('sparse rows', () => {
  it('are turned into columns', () => {
    const matrix = Matrix.from([
      [0, 2, 0],
      [3, 4, 0],
    ])
    const columns = sparseColumns(sparseRows(matrix, true))
    expect([columns.rows, columns.columns]).toEqual([4, 2])
    expect(Array.from(columns.starts)).toEqual([0, 1, 3, 3, 5])
    expect(Array.from(columns.indices)).toEqual([1, 0, 1, 0, 1])
    expect(Array.from(columns.values)).toEqual([3, 2, 4, 1, 1])
  })
})
