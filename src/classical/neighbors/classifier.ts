import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { NotFittedError } from '../errors.ts'
import type { Features } from '../input.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import {
  checkNeighborsOptions,
  NeighborSearch,
  type Neighbors,
  type NeighborsOptions,
  neighborsDefaults,
  neighborWeights,
} from './search.ts'

/**
 * k-nearest neighbours (Fix and Hodges 1951; Aha, Kibler, Albert 1991): a sample is of the class that most of the k nearest
 * known samples are of; ties go to the first class. Probabilities are the classes' shares of the neighbours' weights. Of
 * samples at equal distance the one with the lower row counts as nearer, whatever the algorithm.
 */
export class KNeighborsClassifier extends ProbabilisticClassifier<NeighborsOptions, 'matrix'> {
  readonly method = 'knn'
  protected override readonly reads = 'matrix'
  #search: NeighborSearch | undefined
  #codes: Int32Array = new Int32Array()

  constructor(options: NeighborsOptions = {}) {
    super(options, neighborsDefaults)
    checkNeighborsOptions(this.label, this.options)
  }

  /** The samples of `fit`: a matrix [samples, features]. */
  get samples(): Matrix {
    return this.#fitted.samples
  }

  /**
   * The nearest samples of `fit`.
   * @param x Where left out, each sample of `fit` is asked for the nearest of the others.
   * @param k How many; `nNeighbors` where left out.
   */
  async kneighbors(x?: Features, k: number = this.options.nNeighbors): Promise<Neighbors> {
    const search = this.#fitted
    return x === undefined ? search.nearestOthers(k) : search.nearest(await this.readSamples(x), k)
  }

  get #fitted(): NeighborSearch {
    if (this.#search === undefined) throw new NotFittedError(this.label)
    return this.#search
  }

  protected override async learn(matrix: Matrix, { codes }: ClassTarget): Promise<void> {
    this.#search = await new NeighborSearch(this.label, matrix, this.options).prepare()
    this.#codes = codes
  }

  protected override async probabilities(matrix: Matrix): Promise<Matrix> {
    const neighbors = await this.#fitted.nearest(matrix, this.options.nNeighbors)
    const weights = neighborWeights(neighbors, this.options.weights)
    const { k, indices } = neighbors
    const result = new Matrix(matrix.rows, this.classes.length)
    for (let i = 0; i < matrix.rows; i++) {
      const row = result.row(i)
      let total = 0
      for (let j = i * k; j < (i + 1) * k; j++) {
        row[this.#codes[indices[j]!]!]! += weights[j]!
        total += weights[j]!
      }
      for (let c = 0; c < row.length; c++) row[c]! /= total
    }
    return result
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { samples: matrixToJson(this.samples), codes: numbersToJson(this.#codes) }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    const samples = state.finiteMatrix('samples', undefined, this.features.length)
    this.#codes = state.indices('codes', classes, { length: samples.rows })
    this.#search = new NeighborSearch(this.label, samples, this.options)
  }
}
