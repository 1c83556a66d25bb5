import type { Matrix } from '../../tables/matrix.ts'

/** A matrix without its zeros: row i has `values` at the columns `indices`, from starts[i] to starts[i + 1]. */
export interface SparseRows {
  readonly rows: number
  readonly columns: number
  readonly starts: Int32Array
  readonly indices: Int32Array
  readonly values: Float64Array
}

/**
 * The numbers of a matrix other than 0; pictures and encoded categories have few.
 * @param ones Whether a column of ones is added behind the others.
 */
export function sparseRows({ rows, columns, data }: Matrix, ones: boolean): SparseRows {
  let count = ones ? rows : 0
  for (let at = 0; at < data.length; at++) if (data[at] !== 0) count++
  const starts = new Int32Array(rows + 1)
  const indices = new Int32Array(count)
  const values = new Float64Array(count)
  let next = 0
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = data[i * columns + j]!
      if (value === 0) continue
      indices[next] = j
      values[next++] = value
    }
    if (ones) {
      indices[next] = columns
      values[next++] = 1
    }
    starts[i + 1] = next
  }
  return { rows, columns: columns + (ones ? 1 : 0), starts, indices, values }
}

/** The transposed matrix: its rows are the columns. */
export function sparseColumns({ rows, columns, starts, indices, values }: SparseRows): SparseRows {
  const places = new Int32Array(columns + 1)
  for (const column of indices) places[column + 1]!++
  for (let j = 0; j < columns; j++) places[j + 1]! += places[j]!
  const result = {
    rows: columns,
    columns: rows,
    starts: places.slice(),
    indices: new Int32Array(indices.length),
    values: new Float64Array(values.length),
  }
  for (let i = 0; i < rows; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const to = places[indices[at]!]!++
      result.indices[to] = i
      result.values[to] = values[at]!
    }
  }
  return result
}
