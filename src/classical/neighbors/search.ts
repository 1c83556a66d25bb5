import { InputError } from '../errors.ts'
import { checkNumber, checkWord } from '../option-checks.ts'
import { Matrix } from '../tables/matrix.ts'
import { BruteForce, type Searcher } from './brute.ts'
import { checkMetric, type MetricName, metricOf } from './metric.ts'
import { BallTree, KdTree } from './trees.ts'

export type NeighborsAlgorithm = 'auto' | 'brute' | 'kdTree' | 'ballTree'

export interface NeighborsOptions {
  /** How many neighbours count, from 1 up. Default 5. */
  readonly nNeighbors?: number
  /** Whether all neighbours count alike, or each by 1 / distance; where some lie at distance 0, these alone count. Default 'uniform'. */
  readonly weights?: 'uniform' | 'distance'
  /**
   * How neighbours are found; all ways find the same. Default 'auto': a k-d tree up to 15 columns, unless k is half of the
   * samples or more; else brute force.
   */
  readonly algorithm?: NeighborsAlgorithm
  /** Samples in a leaf of a tree, from 1 up: changes the speed only. Default 30. */
  readonly leafSize?: number
  /** The distance. 'cosine' (1 - the cosine of the angle; 1 for a row of zeros) goes by brute force only. Default 'minkowski'. */
  readonly metric?: MetricName
  /** The power of the Minkowski distance, from 1 up: 1 is Manhattan, 2 Euclidean. Default 2. */
  readonly p?: number
}

export const neighborsDefaults: Required<NeighborsOptions> = {
  nNeighbors: 5,
  weights: 'uniform',
  algorithm: 'auto',
  leafSize: 30,
  metric: 'minkowski',
  p: 2,
}

/** The nearest samples of each query. */
export interface Neighbors {
  /** How many each query has. */
  readonly k: number
  /** Their rows in the samples of `fit`, [queries * k], the nearest first; of equally distant ones, the lower row. */
  readonly indices: Int32Array
  /** Their distances: a matrix [queries, k]. */
  readonly distances: Matrix
}

export function checkNeighborsOptions(what: string, options: Required<NeighborsOptions>): void {
  checkNumber(what, 'nNeighbors', options.nNeighbors, { atLeast: 1, integer: true })
  checkWord(what, 'weights', options.weights, ['uniform', 'distance'])
  checkWord(what, 'algorithm', options.algorithm, ['auto', 'brute', 'kdTree', 'ballTree'])
  checkNumber(what, 'leafSize', options.leafSize, { atLeast: 1, integer: true })
  checkMetric(what, options.metric, options.p)
  if (options.metric === 'cosine' && (options.algorithm === 'kdTree' || options.algorithm === 'ballTree')) {
    throw new InputError(
      `${what}: algorithm '${options.algorithm}' cannot search by the cosine; use 'brute' or 'auto'`,
    )
  }
}

/** Samples, and what finds the nearest of them. */
export class NeighborSearch {
  readonly samples: Matrix
  readonly #what: string
  readonly #options: Required<NeighborsOptions>
  #searcher: Promise<Searcher> | undefined

  constructor(what: string, samples: Matrix, options: Required<NeighborsOptions>) {
    this.samples = samples
    this.#what = what
    this.#options = options
    this.#checkCount(options.nNeighbors, samples.rows)
  }

  /** Builds what is searched; the first search does it otherwise. */
  async prepare(): Promise<this> {
    await this.#prepared()
    return this
  }

  async nearest(queries: Matrix, k: number): Promise<Neighbors> {
    this.#checkCount(k, this.samples.rows)
    const searcher = await this.#prepared()
    const metric = metricOf(this.#options.metric, this.#options.p)
    const indices = new Int32Array(queries.rows * k)
    const distances = new Float64Array(queries.rows * k)
    await searcher.search(metric.kind === 'cosine' ? normalized(queries) : queries, k, indices, distances)
    for (let i = 0; i < distances.length; i++) distances[i] = metric.distance(distances[i]!)
    return { k, indices, distances: new Matrix(queries.rows, k, distances) }
  }

  /** The nearest of the other samples for each sample. */
  async nearestOthers(k: number): Promise<Neighbors> {
    const { rows } = this.samples
    this.#checkCount(k, rows - 1)
    const all = await this.nearest(this.samples, k + 1)
    const indices = new Int32Array(rows * k)
    const distances = new Matrix(rows, k)
    for (let i = 0; i < rows; i++) {
      const from = i * (k + 1)
      // Where so many equal ones come before it that it is not among them, the last is dropped.
      const own = all.indices.subarray(from, from + k).indexOf(i)
      for (let j = 0; j < k; j++) {
        const at = own >= 0 && j >= own ? j + 1 : j
        indices[i * k + j] = all.indices[from + at]!
        distances.set(i, j, all.distances.get(i, at))
      }
    }
    return { k, indices, distances }
  }

  #checkCount(k: unknown, available: number): void {
    checkNumber(this.#what, 'the number of neighbours', k, { atLeast: 1, integer: true })
    if ((k as number) <= available) return
    throw new InputError(
      `${this.#what}: ${k} neighbours are wanted, and there are ${available} samples to choose from; lower nNeighbors`,
    )
  }

  #prepared(): Promise<Searcher> {
    this.#searcher ??= this.#build()
    return this.#searcher
  }

  async #build(): Promise<Searcher> {
    const { metric: name, p, leafSize, nNeighbors } = this.#options
    const metric = metricOf(name, p)
    const { rows, columns } = this.samples
    const small = columns <= 15 && 2 * nNeighbors < rows && name !== 'cosine'
    const algorithm =
      this.#options.algorithm === 'auto' ? (small ? 'kdTree' : 'brute') : this.#options.algorithm
    if (algorithm === 'kdTree') return KdTree.build(this.samples, metric, leafSize)
    if (algorithm === 'ballTree') return BallTree.build(this.samples, metric, leafSize)
    return new BruteForce(metric.kind === 'cosine' ? normalized(this.samples) : this.samples, metric)
  }
}

/** What each neighbour counts, [queries * k]. */
export function neighborWeights({ k, distances }: Neighbors, weights: 'uniform' | 'distance'): Float64Array {
  if (weights === 'uniform') return new Float64Array(distances.data.length).fill(1)
  const result = distances.data.map((distance) => 1 / distance)
  for (let from = 0; from < result.length; from += k) {
    const row = result.subarray(from, from + k)
    // The nearest comes first, and the inverse of the smallest distances is infinite too.
    if (row[0] !== Number.POSITIVE_INFINITY) continue
    for (let j = 0; j < k; j++) row[j] = row[j] === Number.POSITIVE_INFINITY ? 1 : 0
  }
  return result
}

/** The rows of a matrix with length 1; rows of zeros as they are. */
function normalized(matrix: Matrix): Matrix {
  const result = new Matrix(matrix.rows, matrix.columns, matrix.data.slice())
  for (let i = 0; i < matrix.rows; i++) {
    const row = result.row(i)
    let most = 0
    for (const value of row) most = Math.max(most, Math.abs(value))
    if (most === 0) continue
    let sum = 0
    for (const value of row) sum += (value / most) ** 2
    const length = Math.sqrt(sum)
    for (let c = 0; c < row.length; c++) row[c] = row[c]! / most / length
  }
  return result
}
