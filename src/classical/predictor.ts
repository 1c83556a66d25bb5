import type { EstimatorState, FitOptions } from './estimator.ts'
import type { Features, Label, Labels } from './input.ts'
import type { Matrix } from './tables/matrix.ts'

/** What predicts: a classifier, a regressor, a pipeline that ends in one, a grid search over one. */
export interface Predictor {
  readonly kind: 'classifier' | 'regressor'
  /** A fresh one that has learned nothing, with some options changed. */
  clone(changes?: object): Predictor
  fit(x: Features, y: Labels, options?: FitOptions): Promise<Predictor>
  /** Labels of a classifier, numbers of a regressor. */
  predict(x: Features): Promise<Label[] | Float64Array>
  /** Accuracy of a classifier, R2 of a regressor. */
  score(x: Features, y: Labels): Promise<number>
  /** Whether `predictProba` can be asked. */
  readonly givesProbabilities?: boolean
  /** The probability of each class, of classifiers that give it. */
  predictProba?(x: Features): Promise<Matrix>
  /** A classifier's classes, in the order of the probabilities' columns. */
  readonly classes?: readonly Label[]
  toJSON(): EstimatorState
}
