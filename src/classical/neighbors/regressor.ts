import { NotFittedError } from '../errors.ts'
import type { Features } from '../input.ts'
import { type NumberTarget, Regressor } from '../regressor.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import type { Matrix } from '../tables/matrix.ts'
import {
  checkNeighborsOptions,
  NeighborSearch,
  type Neighbors,
  type NeighborsOptions,
  neighborsDefaults,
  neighborWeights,
} from './search.ts'

/**
 * k-nearest neighbours for numbers: the mean of the targets of the k nearest known samples, by weight. Of samples at equal
 * distance the one with the lower row counts as nearer, whatever the algorithm.
 */
export class KNeighborsRegressor extends Regressor<NeighborsOptions, 'matrix'> {
  readonly method = 'knn-regressor'
  protected override readonly reads = 'matrix'
  #search: NeighborSearch | undefined
  #targets: Float64Array = new Float64Array()

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

  protected override async learn(matrix: Matrix, { values }: NumberTarget): Promise<void> {
    this.#search = await new NeighborSearch(this.label, matrix, this.options).prepare()
    this.#targets = values
  }

  protected override async estimate(matrix: Matrix): Promise<Float64Array> {
    const neighbors = await this.#fitted.nearest(matrix, this.options.nNeighbors)
    const weights = neighborWeights(neighbors, this.options.weights)
    const { k, indices } = neighbors
    return Float64Array.from({ length: matrix.rows }, (_, i) => {
      let [sum, total] = [0, 0]
      for (let j = i * k; j < (i + 1) * k; j++) {
        sum += weights[j]! * this.#targets[indices[j]!]!
        total += weights[j]!
      }
      return sum / total
    })
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { samples: matrixToJson(this.samples), targets: numbersToJson(this.#targets) }
  }

  protected override restoreLearned(state: StateReader): void {
    const samples = state.finiteMatrix('samples', undefined, this.features.length)
    this.#targets = state.finiteNumbers('targets', samples.rows)
    this.#search = new NeighborSearch(this.label, samples, this.options)
  }
}
