import type { TypedArray } from '../../graph/dtype.ts'
import * as F from '../../nn/functional/index.ts'
import {
  compile,
  type Generator,
  getBackend,
  grad,
  noGrad,
  type Tensor,
  tensor,
  variable,
} from '../../tensor/index.ts'
import { runtimeScalar } from '../../tensor/runtime-input.ts'
import { softmaxRow } from '../numerics/softmax.ts'
import { Matrix } from '../tables/matrix.ts'
import type { Activation } from './options.ts'

/** What the last layer's sums become, and what is minimised: half the squared error, or the log loss. */
export type Output = 'identity' | 'logistic' | 'softmax'

export interface NetworkShape {
  /** Features, neurons of each hidden layer, outputs. */
  readonly sizes: readonly number[]
  readonly activation: Activation
  readonly output: Output
  /** Default: 'squared' for 'identity', 'log' otherwise. */
  readonly loss?: 'squared' | 'log'
}

/** Layer by layer: matrices [inputs, outputs] and vectors [outputs]. */
export interface Weights {
  readonly coefs: readonly Matrix[]
  readonly intercepts: readonly Float64Array[]
}

/** Coefficients and intercepts of all layers, each uniform within Glorot's bounds as in scikit-learn. */
export function drawWeights({ sizes, activation }: NetworkShape, generator: Generator): Weights {
  const coefs: Matrix[] = []
  const intercepts: Float64Array[] = []
  for (const [i, outputs] of sizes.slice(1).entries()) {
    const inputs = sizes[i]!
    const bound = Math.sqrt((activation === 'logistic' ? 2 : 6) / (inputs + outputs))
    const [coef, intercept] = [new Matrix(inputs, outputs), new Float64Array(outputs)]
    generator.fillUniform(coef.data, -bound, bound)
    generator.fillUniform(intercept, -bound, bound)
    coefs.push(coef)
    intercepts.push(intercept)
  }
  return { coefs, intercepts }
}

/** What the engine computes in: float64 where it can. */
export async function engineDtype(): Promise<'float32' | 'float64'> {
  return (await getBackend()).info.name === 'reference' ? 'float64' : 'float32'
}

const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  identity: (x) => x,
  logistic: F.sigmoid,
  tanh: F.tanh,
  relu: F.relu,
}

/** Fully connected layers on the engine. */
export class DenseNetwork {
  readonly shape: NetworkShape
  readonly dtype: 'float32' | 'float64'
  /** The coefficients of all layers, then the intercepts of all layers: variables. */
  readonly parameters: readonly Tensor[]
  readonly #alpha: number

  /** @param alpha The L2 penalty of the loss. */
  constructor(
    shape: NetworkShape,
    { coefs, intercepts }: Weights,
    dtype: 'float32' | 'float64',
    { alpha = 0 }: { readonly alpha?: number } = {},
  ) {
    this.shape = shape
    this.dtype = dtype
    this.#alpha = alpha
    this.parameters = [
      ...coefs.map(({ rows, columns, data }) => this.#variable(data, [rows, columns])),
      ...intercepts.map((values) => this.#variable(values, [values.length])),
    ]
  }

  #variable(values: Float64Array, shape: readonly number[]): Tensor {
    return variable(this.numbers(values), shape, { dtype: this.dtype, requiresGrad: true })
  }

  /** A copy in the engine's dtype. */
  numbers(values: ArrayLike<number>): Float32Array | Float64Array {
    return this.dtype === 'float64' ? new Float64Array(values) : new Float32Array(values)
  }

  /** The last layer's sums [rows, outputs] of samples [rows, features], before the output function. */
  sums(x: Tensor, parameters: readonly Tensor[] = this.parameters): Tensor {
    const layers = parameters.length / 2
    let values = x
    for (let i = 0; i < layers; i++) {
      const input = i === 0 ? values : activations[this.shape.activation](values)
      values = input.matmul(parameters[i]!).add(parameters[layers + i]!)
    }
    return values
  }

  /** What is minimised: the mean loss of the samples and the penalty. `y` holds classes [rows] for softmax, else [rows, outputs]. */
  loss(x: Tensor, y: Tensor, parameters: readonly Tensor[] = this.parameters): Tensor {
    const rows = x.shape[0]!
    const error = this.#error(this.sums(x, parameters), y)
    let squares: Tensor | undefined
    for (const coef of parameters.slice(0, parameters.length / 2)) {
      const sum = coef.square().sum()
      squares = squares?.add(sum) ?? sum
    }
    return this.#alpha === 0 ? error : error.add(squares!.mul(runtimeScalar(() => this.#alpha / 2 / rows)))
  }

  #error(sums: Tensor, y: Tensor): Tensor {
    const { output, loss = output === 'identity' ? 'squared' : 'log' } = this.shape
    if (loss === 'squared') {
      const values =
        output === 'logistic' ? F.sigmoid(sums) : output === 'softmax' ? F.softmax(sums, 1) : sums
      return values
        .sub(y)
        .square()
        .sum()
        .mul(0.5 / sums.shape[0]!)
    }
    if (output === 'softmax') return F.crossEntropy(sums, y)
    return F.binaryCrossEntropyWithLogits(sums, y, { reduction: 'sum' }).mul(1 / sums.shape[0]!)
  }

  /** The loss as a function of any parameters, with its gradients. */
  gradients(x: Tensor, y: Tensor): (parameters: readonly Tensor[]) => Promise<readonly Tensor[]> {
    const run = compile((x: Tensor, y: Tensor, ...parameters: Tensor[]) => {
      const loss = this.loss(x, y, parameters)
      return [loss, ...grad(loss, parameters)]
    })
    return (parameters) => run(x, y, ...parameters)
  }

  /** The last layer's sums of many samples, in pieces that fit the memory. */
  async sumsOf(x: Matrix): Promise<Matrix> {
    const outputs = this.shape.sizes.at(-1)!
    const result = new Matrix(x.rows, outputs)
    const widest = Math.max(...this.shape.sizes)
    const most = Math.max(Math.floor(mostValues / widest), 1)
    for (let row = 0; row < x.rows; row += most) {
      const rows = Math.min(x.rows - row, most)
      const part = this.numbers(x.data.subarray(row * x.columns, (row + rows) * x.columns))
      const sums = noGrad(() => this.sums(tensor(part, [rows, x.columns])))
      result.data.set(await sums.data(), row * outputs)
    }
    return result
  }

  /** A copy of the weights as they are now. */
  async weights(): Promise<Weights> {
    const values: TypedArray[] = []
    for (const parameter of this.parameters) values.push(await parameter.data())
    const layers = values.length / 2
    return {
      coefs: values
        .slice(0, layers)
        .map(
          (data, i) => new Matrix(this.shape.sizes[i]!, this.shape.sizes[i + 1]!, Float64Array.from(data)),
        ),
      intercepts: values.slice(layers).map((data) => Float64Array.from(data)),
    }
  }
}

/** Activations of a layer that are computed at once. */
const mostValues = 2 ** 22

/** Turns the last layer's sums into outputs, in place: probabilities whose rows sum to 1 for softmax. */
export function applyOutput(sums: Matrix, output: Output): Matrix {
  if (output === 'logistic') {
    for (const [i, value] of sums.data.entries()) sums.data[i] = 1 / (1 + Math.exp(-value))
  }
  if (output === 'softmax') {
    for (let i = 0; i < sums.rows; i++) softmaxRow(sums.row(i))
  }
  return sums
}
