import { type Adam, adam } from '../../optim/index.ts'
import { compile, type Generator, type Tensor, tensor } from '../../tensor/index.ts'
import { InputError } from '../errors.ts'
import { minimize } from '../numerics/lbfgs.ts'
import { Pace } from '../pace.ts'
import { MomentumDescent } from './momentum-descent.ts'
import type { DenseNetwork, Weights } from './network.ts'
import type { MLPOptions } from './options.ts'
import type { Samples } from './samples.ts'

/** What a multilayer perceptron has learned, as its estimators have it. */
export interface Training extends Weights {
  readonly lossCurve: Float64Array
  readonly nIter: number
  readonly loss: number
  readonly converged: boolean
  readonly validationScores: Float64Array
}

export interface TrainingContext {
  readonly what: string
  readonly options: Required<MLPOptions>
  readonly generator: Generator
  /** The score of the network on samples set aside, if any. */
  readonly validate?: (() => Promise<number>) | undefined
}

/** Trains a network by the solver of the options. */
export async function trainNetwork(
  network: DenseNetwork,
  samples: Samples,
  context: TrainingContext,
): Promise<Training> {
  return context.options.solver === 'lbfgs'
    ? trainByLbfgs(network, samples, context)
    : trainByEpochs(network, samples, context)
}

async function trainByLbfgs(
  network: DenseNetwork,
  samples: Samples,
  { what, options }: TrainingContext,
): Promise<Training> {
  const evaluate = network.gradients(...samples.batch())
  const objective = async (flat: Float64Array, gradient: Float64Array): Promise<number> => {
    let from = 0
    const parameters = network.parameters.map(({ shape, size }) => {
      from += size
      return tensor(network.numbers(flat.subarray(from - size, from)), shape, { requiresGrad: true })
    })
    const [loss, ...gradients] = await evaluate(parameters)
    await join(gradients, gradient)
    return loss!.item()
  }
  const lossCurve: number[] = []
  const start = new Float64Array(network.parameters.reduce((sum, { size }) => sum + size, 0))
  await join(network.parameters, start)
  const { x, value, iterations, converged } = await minimize(objective, start, {
    maxIter: options.maxIter,
    tol: options.tol,
    precision: network.dtype === 'float32' ? 2 ** -23 : Number.EPSILON,
    onIteration: (loss) => lossCurve.push(loss),
  })
  checkFiniteLoss(what, value, iterations, options)
  let from = 0
  for (const parameter of network.parameters) {
    parameter.load(network.numbers(x.subarray(from, from + parameter.size)))
    from += parameter.size
  }
  return {
    ...(await network.weights()),
    lossCurve: Float64Array.from(lossCurve),
    nIter: iterations,
    loss: value,
    converged,
    validationScores: new Float64Array(),
  }
}

/** Writes the values of tensors one after the other. */
async function join(tensors: readonly Tensor[], into: Float64Array): Promise<void> {
  let from = 0
  for (const each of tensors) {
    into.set(await each.data(), from)
    from += each.size
  }
}

/** One step of the optimizer, and the loss before it. */
type Step = (x: Tensor, y: Tensor) => Promise<number>

/** An optimizer whose learning rate epochs may change. */
interface Descent {
  readonly step: Step
  rate: number
}

export function descentOf(network: DenseNetwork, options: Required<MLPOptions>): Descent {
  const { solver, learningRateInit: lr, momentum, nesterovsMomentum, beta1, beta2, epsilon } = options
  const optimizer =
    solver === 'adam'
      ? adam(network.parameters, { lr, betas: [beta1, beta2], eps: epsilon })
      : new MomentumDescent(network.parameters, { lr, momentum, nesterov: nesterovsMomentum })
  const run = compile((x: Tensor, y: Tensor) => {
    const loss = network.loss(x, y)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.update()
    return loss
  })
  let steps = 0
  return {
    step: async (x, y) => {
      steps++
      // Scikit-learn adds epsilon to the root before its bias is corrected; the optimizer adds it after.
      if (solver === 'adam') (optimizer as Adam).paramGroups[0]!.eps = epsilon / Math.sqrt(1 - beta2 ** steps)
      return (await run(x, y)).item()
    },
    get rate() {
      return optimizer.paramGroups[0]!.lr
    },
    set rate(lr) {
      optimizer.paramGroups[0]!.lr = lr
    },
  }
}

/** Below this, 'adaptive' divides the learning rate no further. */
const smallestRate = 1e-6

async function trainByEpochs(
  network: DenseNetwork,
  samples: Samples,
  { what, options, generator, validate }: TrainingContext,
): Promise<Training> {
  const { rows } = samples
  const { solver, learningRate, learningRateInit, powerT, maxIter, tol, nIterNoChange } = options
  const batchSize = Math.min(options.batchSize === 'auto' ? 200 : options.batchSize, rows)
  const descent = descentOf(network, options)
  const pace = new Pace()
  const lossCurve: number[] = []
  const scores: number[] = []
  let best: Weights | undefined
  let [bestLoss, bestScore] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let unimproved = 0
  let converged = false
  while (lossCurve.length < maxIter && !converged) {
    const order = options.shuffle
      ? generator.permutation(rows)
      : Int32Array.from({ length: rows }, (_, row) => row)
    let total = 0
    for (let from = 0; from < rows; from += batchSize) {
      const batch = order.subarray(from, from + batchSize)
      total += (await descent.step(...samples.batch(batch))) * batch.length
      await pace.pause()
    }
    const loss = total / rows
    checkFiniteLoss(what, loss, lossCurve.length + 1, options)
    lossCurve.push(loss)
    let improved: boolean
    if (validate) {
      const score = await validate()
      scores.push(score)
      improved = score >= bestScore + tol
      if (score > bestScore) {
        bestScore = score
        best = await network.weights()
      }
    } else {
      improved = loss <= bestLoss - tol
      bestLoss = Math.min(bestLoss, loss)
    }
    unimproved = improved ? 0 : unimproved + 1
    if (solver === 'sgd' && learningRate === 'invscaling') {
      descent.rate = learningRateInit / (lossCurve.length * rows + 1) ** powerT
    }
    if (unimproved <= nIterNoChange) continue
    unimproved = 0
    if (solver === 'sgd' && learningRate === 'adaptive' && descent.rate > smallestRate) descent.rate /= 5
    else converged = true
  }
  return {
    ...(best ?? (await network.weights())),
    lossCurve: Float64Array.from(lossCurve),
    nIter: lossCurve.length,
    loss: lossCurve.at(-1)!,
    converged,
    validationScores: Float64Array.from(scores),
  }
}

function checkFiniteLoss(
  what: string,
  loss: number,
  epoch: number,
  { solver, learningRateInit }: Required<MLPOptions>,
): void {
  if (Number.isFinite(loss)) return
  throw new InputError(
    `${what}: the loss is ${loss} after ${epoch} ${solver === 'lbfgs' ? 'iterations' : 'epochs'}; bring the columns to one ` +
      `scale (new StandardScaler())${solver === 'lbfgs' ? '' : ` or lower learningRateInit, now ${learningRateInit}`}`,
  )
}
