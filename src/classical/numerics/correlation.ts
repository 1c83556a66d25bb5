import { InputError } from '../errors.ts'
import { checkFinite, type Features, readMatrix } from '../input.ts'
import { columnMeans } from '../linear/linear-model.ts'
import { Matrix } from '../tables/matrix.ts'
import { Table } from '../tables/table.ts'
import { columnNorms } from './linear-algebra/least-squares.ts'
import { multiply } from './products.ts'

/**
 * The covariances of all pairs of columns: [features, features].
 * @param ddof What is subtracted from the number of samples in the divisor: 1, the default, for an unbiased estimate, or 0.
 * Throws an InputError for missing or infinite numbers, and for too few samples.
 */
export async function covarianceMatrix(
  x: Features,
  { ddof = 1 }: { readonly ddof?: number } = {},
): Promise<Matrix> {
  const samples = await readSamples('covarianceMatrix', x)
  const divisor = samples.rows - ddof
  if (!(divisor > 0)) {
    throw new InputError(`covarianceMatrix: ${samples.rows} samples less ${ddof} leave nothing to divide by`)
  }
  const centered = lessMeans(samples)
  const result = multiply(centered, centered, { transposeA: true })
  for (let at = 0; at < result.data.length; at++) result.data[at]! /= divisor
  return result
}

/**
 * The correlations of all pairs of columns, -1 to 1: [features, features]. NaN with a constant column.
 * @param method 'pearson', the default, of the numbers; 'spearman' of their ranks, equal numbers sharing the mean of theirs.
 */
export async function correlationMatrix(
  x: Features,
  { method = 'pearson' }: { readonly method?: 'pearson' | 'spearman' } = {},
): Promise<Matrix> {
  if (method !== 'pearson' && method !== 'spearman') {
    throw new InputError(
      `correlationMatrix: method is '${String(method)}'; it must be 'pearson' or 'spearman'`,
    )
  }
  const samples = await readSamples('correlationMatrix', x)
  const before = columnNorms(samples)
  const centered = lessMeans(method === 'spearman' ? ranks(samples) : samples)
  const lengths = columnNorms(centered).map((length, j) =>
    // What rounding leaves of a constant column is no variation.
    length > samples.rows * Number.EPSILON * before[j]! || method === 'spearman' ? length : 0,
  )
  const result = multiply(centered, centered, { transposeA: true })
  for (let i = 0; i < result.rows; i++) {
    for (let j = 0; j < result.columns; j++) {
      const value = result.get(i, j) / (lengths[i]! * lengths[j]!)
      const constant = lengths[i] === 0 || lengths[j] === 0
      result.set(i, j, constant ? Number.NaN : i === j ? 1 : Math.max(-1, Math.min(1, value)))
    }
  }
  return result
}

async function readSamples(what: string, x: Features): Promise<Matrix> {
  const samples = await readMatrix(what, x)
  checkFinite(what, samples, x instanceof Table ? x.names : [])
  return samples
}

function lessMeans(x: Matrix): Matrix {
  const means = columnMeans(x)
  return new Matrix(
    x.rows,
    x.columns,
    x.data.map((value, at) => value - means[at % x.columns]!),
  )
}

/** The rank of each number in its column, from 1. */
function ranks(x: Matrix): Matrix {
  const result = new Matrix(x.rows, x.columns)
  for (let j = 0; j < x.columns; j++) {
    const column = x.column(j)
    const order = Array.from(column.keys()).sort((a, b) => column[a]! - column[b]!)
    for (let from = 0; from < order.length; ) {
      let to = from + 1
      while (to < order.length && column[order[to]!] === column[order[from]!]) to++
      for (let k = from; k < to; k++) result.set(order[k]!, j, (from + 1 + to) / 2)
      from = to
    }
  }
  return result
}
