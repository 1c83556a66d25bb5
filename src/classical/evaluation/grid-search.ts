import { InputError, NotFittedError } from '../errors.ts'
import type { EstimatorState, FitOptions } from '../estimator.ts'
import type { Features, Label, Labels } from '../input.ts'
import type { Predictor } from '../predictor.ts'
import type { Matrix } from '../tables/matrix.ts'
import { type CrossValidationOptions, crossValidate, splitsFor } from './validation.ts'

export interface GridPoint {
  readonly options: { readonly [name: string]: unknown }
  readonly mean: number
  readonly std: number
  readonly scores: Float64Array
}

/** Tries every combination of some options by cross-validation, and learns from all samples with the best: the first of equal ones. */
export class GridSearch implements Predictor {
  readonly predictor: Predictor
  readonly grid: { readonly [option: string]: readonly unknown[] }
  readonly validation: CrossValidationOptions
  /** Every combination, in the order in which they were tried: the last option changes fastest. */
  results: readonly GridPoint[] = []
  #best: { readonly point: GridPoint; readonly predictor: Predictor } | undefined

  constructor(
    predictor: Predictor,
    grid: { readonly [option: string]: readonly unknown[] },
    validation: CrossValidationOptions = {},
  ) {
    const empty = Object.entries(grid).find(([, values]) => values.length === 0)
    if (empty !== undefined) throw new InputError(`GridSearch: '${empty[0]}' has no values to try`)
    this.predictor = predictor
    this.grid = grid
    this.validation = validation
  }

  get kind(): 'classifier' | 'regressor' {
    return this.predictor.kind
  }

  get best(): GridPoint {
    return this.#fitted.point
  }

  /** The one that was learned from all samples with the best options. */
  get bestPredictor(): Predictor {
    return this.#fitted.predictor
  }

  get #fitted(): { readonly point: GridPoint; readonly predictor: Predictor } {
    if (this.#best === undefined) throw new NotFittedError('GridSearch')
    return this.#best
  }

  get classes(): readonly Label[] {
    return this.bestPredictor.classes ?? []
  }

  clone(): GridSearch {
    return new GridSearch(this.predictor.clone(), this.grid, this.validation)
  }

  async fit(x: Features, y: Labels, options: FitOptions = {}): Promise<this> {
    if (options.sampleWeight !== undefined) throw new InputError('GridSearch takes no sample weights')
    const splits = await splitsFor(this.predictor, x, y, this.validation)
    const results: GridPoint[] = []
    for (const point of combinations(this.grid)) {
      const validated = await crossValidate(this.predictor.clone(point), x, y, { ...this.validation, splits })
      results.push({ options: point, ...validated })
    }
    this.results = results
    const point = results.reduce((best, each) => (each.mean > best.mean ? each : best))
    this.#best = { point, predictor: await this.predictor.clone(point.options).fit(x, y) }
    return this
  }

  predict(x: Features): Promise<Label[] | Float64Array> {
    return this.bestPredictor.predict(x)
  }

  score(x: Features, y: Labels): Promise<number> {
    return this.bestPredictor.score(x, y)
  }

  get givesProbabilities(): boolean {
    return this.bestPredictor.givesProbabilities ?? false
  }

  async predictProba(x: Features): Promise<Matrix> {
    const { bestPredictor } = this
    if (bestPredictor.predictProba === undefined)
      throw new InputError('the best method gives no probabilities')
    return bestPredictor.predictProba(x)
  }

  /** The best method, which is what is worth keeping. */
  toJSON(): EstimatorState {
    return this.bestPredictor.toJSON()
  }
}

function combinations(grid: {
  readonly [option: string]: readonly unknown[]
}): { [option: string]: unknown }[] {
  return Object.entries(grid).reduce<{ [option: string]: unknown }[]>(
    (points, [name, values]) =>
      points.flatMap((point) => values.map((value) => ({ ...point, [name]: value }))),
    [{}],
  )
}
