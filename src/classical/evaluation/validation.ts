import { ConfusionMatrix } from '../../metrics/index.ts'
import { accuracyScore } from '../classifier.ts'
import { InputError } from '../errors.ts'
import {
  type Features,
  type Label,
  type Labels,
  labelValues,
  readLabels,
  readTargets,
  type Targets,
} from '../input.ts'
import type { Predictor } from '../predictor.ts'
import { r2Score } from '../regressor.ts'
import { Matrix } from '../tables/matrix.ts'
import {
  countSamples,
  type FoldOptions,
  kFold,
  type Split,
  stratifiedKFold,
  takeLabels,
  takeSamples,
} from './splits.ts'

export interface CrossValidationOptions extends FoldOptions {
  /** The splits themselves, in place of `folds`. */
  readonly splits?: readonly Split[]
  /** Called when a fold is done. */
  readonly onFold?: (done: number, folds: number, score: number) => void
}

export interface CrossValidation {
  /** Each fold's score: accuracy or R2. */
  readonly scores: Float64Array
  readonly mean: number
  /** The standard deviation of the scores (of the population, as NumPy's default). */
  readonly std: number
}

/** Stratified folds for a classifier, plain ones for a regressor. */
export async function splitsFor(
  { kind }: Predictor,
  x: Features,
  y: Labels,
  { splits, ...folds }: CrossValidationOptions,
): Promise<readonly Split[]> {
  if (splits !== undefined) return splits
  return kind === 'classifier' ? stratifiedKFold(y, folds) : kFold(countSamples(x), folds)
}

/** Scores of fresh copies of a method, each learned without one fold and scored on it. The given one stays as it is. */
export async function crossValidate(
  predictor: Predictor,
  x: Features,
  y: Labels,
  options: CrossValidationOptions = {},
): Promise<CrossValidation> {
  return runFolds(predictor, x, y, options, () => undefined)
}

/** One fold: a copy that learned from the others, and what it predicts of this one. */
interface Fold {
  readonly model: Predictor
  readonly test: Int32Array
  readonly tested: Features
  readonly predictions: Label[] | Float64Array
}

async function runFolds(
  predictor: Predictor,
  x: Features,
  y: Labels,
  options: CrossValidationOptions,
  use: (fold: Fold) => void | Promise<void>,
): Promise<CrossValidation> {
  const splits = await splitsFor(predictor, x, y, options)
  const scores = new Float64Array(splits.length)
  for (const [i, { train, test }] of splits.entries()) {
    const model = await predictor.clone().fit(await takeSamples(x, train), await takeLabels(y, train))
    const tested = await takeSamples(x, test)
    const predictions = await model.predict(tested)
    scores[i] = await scoreOf(predictions, await takeLabels(y, test))
    await use({ model, test, tested, predictions })
    options.onFold?.(i + 1, splits.length, scores[i]!)
  }
  return { scores, ...meanAndStd(scores) }
}

/** Accuracy of labels, R2 of numbers. */
async function scoreOf(predicted: Label[] | Float64Array, y: Labels): Promise<number> {
  return predicted instanceof Float64Array
    ? r2Score(await readTargets('cross-validation', y as Targets), predicted)
    : accuracyScore(await labelValues(y), predicted)
}

function meanAndStd(scores: Float64Array): { mean: number; std: number } {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  return { mean, std: Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length) }
}

export interface CrossPrediction extends CrossValidation {
  /** What each sample was predicted to be when it was not learned from. */
  readonly predictions: (Label | number)[]
  /** The probabilities of the classes, [samples, classes]; undefined where the method gives none. */
  readonly probabilities: Matrix | undefined
  /** The columns of the probabilities. */
  readonly classes: readonly Label[]
}

/** What each sample is predicted to be by a copy that did not learn from it, besides the scores of `crossValidate`. */
export async function crossValPredict(
  predictor: Predictor,
  x: Features,
  y: Labels,
  options: CrossValidationOptions = {},
): Promise<CrossPrediction> {
  const classes = predictor.kind === 'classifier' ? (await readLabels('crossValPredict', y)).classes : []
  const columns = new Map(classes.map((label, i) => [label, i]))
  const all: (Label | number)[] = new Array(countSamples(x))
  let probabilities: Matrix | undefined
  const scored = await runFolds(predictor, x, y, options, async ({ model, test, tested, predictions }) => {
    for (const [j, row] of test.entries()) all[row] = predictions[j]!
    if (!model.givesProbabilities) return
    const rows = await model.predictProba!(tested)
    probabilities ??= new Matrix(all.length, classes.length)
    for (const [j, row] of test.entries()) {
      // A class that occurs in the tested fold alone has no column.
      for (const [c, label] of (model.classes ?? []).entries()) {
        probabilities.set(row, columns.get(label)!, rows.get(j, c))
      }
    }
  })
  return { ...scored, predictions: all, probabilities, classes }
}

/** How often each class was taken for each; `toString()` gives a table. */
export async function labelConfusion(actual: Labels, predicted: readonly Label[]): Promise<ConfusionMatrix> {
  const { classes } = await readLabels('labelConfusion', actual)
  const others = [...new Set(predicted)].filter((label) => !classes.includes(label))
  const all = [...classes, ...others]
  const positions = new Map(all.map((label, i) => [label, i]))
  const wanted = await labelValues(actual)
  if (wanted.length !== predicted.length) {
    throw new InputError(`labelConfusion: ${predicted.length} predictions for ${wanted.length} labels`)
  }
  const missing = wanted.indexOf(null)
  if (missing >= 0) throw new InputError(`labelConfusion: row ${missing} has no class`)
  const matrix = new ConfusionMatrix(all.map(String))
  matrix.updatePredicted(
    predicted.map((label) => positions.get(label)!),
    wanted.map((label) => positions.get(label!)!),
  )
  return matrix
}
