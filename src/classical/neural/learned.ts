import { Generator } from '../../tensor/index.ts'
import { InputError, StateError } from '../errors.ts'
import { trainTestSplit } from '../evaluation/splits.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import type { Matrix } from '../tables/matrix.ts'
import {
  applyOutput,
  DenseNetwork,
  drawWeights,
  engineDtype,
  type NetworkShape,
  type Weights,
} from './network.ts'
import type { MLPOptions } from './options.ts'
import { Samples } from './samples.ts'
import { type Training, trainNetwork } from './train.ts'

export interface LearningTask {
  readonly what: string
  readonly options: Required<MLPOptions>
  readonly shape: NetworkShape
  readonly x: Matrix
  /** Class numbers, or one number a sample. */
  readonly y: Float64Array | Int32Array
  /** The score of outputs for samples set aside. */
  readonly score: (outputs: Matrix, rows: Int32Array) => number
  /** Where training starts, if not at random. */
  readonly start: Weights | undefined
}

/** Trains from the task's start, or from random weights. */
export async function learnNetwork(task: LearningTask): Promise<Training> {
  const { what, options, shape, x, y } = task
  const generator = new Generator(options.seed)
  if (task.start) checkShapes(what, task.start, shape.sizes)
  const start = task.start ?? drawWeights(shape, generator)
  const network = new DenseNetwork(shape, start, await engineDtype(), { alpha: options.alpha })
  if (!options.earlyStopping || options.solver === 'lbfgs') {
    return trainNetwork(network, new Samples(network, x, y), { what, options, generator })
  }
  const { train, test } = await trainTestSplit(x, y, {
    testSize: options.validationFraction,
    seed: options.seed,
    stratify: shape.output !== 'identity',
  })
  const tested = x.take(test)
  const validate = async (): Promise<number> =>
    task.score(applyOutput(await network.sumsOf(tested), shape.output), test)
  const samples = new Samples(network, x.take(train), takeValues(y, train))
  return trainNetwork(network, samples, { what, options, generator, validate })
}

function takeValues(values: Float64Array | Int32Array, rows: Int32Array): Float64Array | Int32Array {
  const taken = values.slice(0, rows.length)
  for (const [i, row] of rows.entries()) taken[i] = values[row]!
  return taken
}

function checkShapes(what: string, { coefs, intercepts }: Weights, sizes: readonly number[]): void {
  const found = coefs.map(({ rows, columns }, i) => `${rows}x${columns}+${intercepts[i]?.length ?? 0}`)
  const wanted = sizes.slice(1).map((outputs, i) => `${sizes[i]}x${outputs}+${outputs}`)
  if (String(found) === String(wanted) && intercepts.length === coefs.length) return
  throw new InputError(
    `${what}: warmStart starts from coefs and intercepts of ${found.join(', ')}; these samples and hiddenLayerSizes ` +
      `need ${wanted.join(', ')}`,
  )
}

/** The outputs [rows, outputs] of learned weights. */
export async function networkOutputs(shape: NetworkShape, weights: Weights, x: Matrix): Promise<Matrix> {
  const network = new DenseNetwork(shape, weights, await engineDtype())
  return applyOutput(await network.sumsOf(x), shape.output)
}

export function learnedToJson(learned: Training): { readonly [key: string]: Json } {
  return {
    layers: learned.coefs.map((coef, i) => ({
      coef: matrixToJson(coef),
      intercept: numbersToJson(learned.intercepts[i]!),
    })),
    lossCurve: numbersToJson(learned.lossCurve),
    nIter: learned.nIter,
    loss: learned.loss,
    converged: learned.converged,
    validationScores: numbersToJson(learned.validationScores),
  }
}

/** Reads what learnedToJson wrote, for layers of these sizes. */
export function learnedFromJson(state: StateReader, sizes: readonly number[]): Training {
  const layers = state.objects('layers', sizes.length - 1).map((layer, i) => ({
    coef: layer.matrix('coef', sizes[i]!, sizes[i + 1]!),
    intercept: layer.numbers('intercept', sizes[i + 1]!),
  }))
  for (const [i, { coef, intercept }] of layers.entries()) {
    if (coef.data.every(Number.isFinite) && intercept.every(Number.isFinite)) continue
    throw new StateError(`layer ${i} of the saved network holds numbers that are not finite`)
  }
  return {
    coefs: layers.map(({ coef }) => coef),
    intercepts: layers.map(({ intercept }) => intercept),
    lossCurve: state.numbers('lossCurve'),
    nIter: state.integer('nIter'),
    loss: state.number('loss'),
    converged: state.flag('converged'),
    validationScores: state.numbers('validationScores'),
  }
}
