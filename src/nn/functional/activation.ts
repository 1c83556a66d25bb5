import { composed } from '../../graph/composite.ts'
import { isGradEnabled } from '../../graph/grad-mode.ts'
import { formatShape, normalizeAxis, ShapeError } from '../../graph/shape.ts'
import { customGradient } from '../../tensor/autograd.ts'
import { where } from '../../tensor/create.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { geluKinds, softplusKinds } from './options.ts'

/** max(x, 0); the gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return x.relu()
}

/** min(max(x, 0), 6); the gradient is 0 at both ends. */
export function relu6(x: Tensor): Tensor {
  const y = differentiatedByValue(
    x,
    () => x.relu().minimum(6),
    (y, gradient) => where(y.gt(0), where(y.lt(6), gradient, 0), 0),
  )
  return composed(y, 'clip', [x], { low: 0, high: 6 })
}

/** x limited to low..high; the gradient is 0 at both ends, unlike that of clamp. */
export function hardtanh(x: Tensor, low = -1, high = 1): Tensor {
  if (!(low < high)) throw new RangeError(`hardtanh: low (${low}) must be below high (${high})`)
  const y = differentiatedByValue(
    x,
    () => x.maximum(low).minimum(high),
    (y, gradient) => where(y.ge(high), 0, where(y.le(low), 0, gradient)),
  )
  return composed(y, 'clip', [x], { low, high })
}

/** An activation whose gradient follows from its value: what it was computed from need not be kept. */
function differentiatedByValue(
  x: Tensor,
  forward: () => Tensor,
  backward: (y: Tensor, gradient: Tensor) => Tensor,
): Tensor {
  if (!x.requiresGrad || !isGradEnabled()) return forward()
  return customGradient([x], forward, (gradient, y) => [backward(y, gradient)])
}

export function leakyRelu(x: Tensor, negativeSlope = 0.01): Tensor {
  return composed(where(x.gt(0), x, x.mul(negativeSlope)), 'leakyRelu', [x], { slope: negativeSlope })
}

/** Leaky ReLU with a learned slope: one, or one for each channel (axis 1). */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const channels = x.rank < 2 ? 1 : x.shape[1]!
  if (weight.size !== 1 && weight.size !== channels) {
    throw new ShapeError(
      `prelu: needs one slope, or ${channels} for the channels of ${formatShape(x.shape)}, got ${formatShape(weight.shape)}`,
    )
  }
  const slope =
    weight.size === 1 ? weight.reshape([]) : weight.reshape(x.shape.map((d, i) => (i === 1 ? d : 1)))
  return composed(where(x.gt(0), x, x.mul(slope)), 'prelu', [x, slope], {})
}

/** x above 0, else alpha (exp(x) - 1). */
export function elu(x: Tensor, alpha = 1): Tensor {
  return composed(scaledElu(x, alpha, 1, 1), 'elu', [x], { alpha })
}

/** Self-normalizing ELU (Klambauer et al., 2017). */
export function selu(x: Tensor): Tensor {
  return composed(scaledElu(x, 1.6732632423543772, 1.0507009873554805, 1), 'selu', [x], {})
}

/** Continuously differentiable ELU (Barron, 2017): x above 0, else alpha (exp(x / alpha) - 1). */
export function celu(x: Tensor, alpha = 1): Tensor {
  if (alpha === 0) throw new RangeError('celu: alpha must not be 0')
  return composed(scaledElu(x, alpha, 1, 1 / alpha), 'celu', [x], { alpha })
}

function scaledElu(x: Tensor, alpha: number, scale: number, inputScale: number): Tensor {
  const positive = x.gt(0)
  // The exponential must not see large values: its gradient there would be 0 times infinity.
  const negative = where(positive, 0, x)
  const curve = (inputScale === 1 ? negative : negative.mul(inputScale)).expm1().mul(alpha * scale)
  return where(positive, scale === 1 ? x : x.mul(scale), curve)
}

export interface GeluOptions {
  /** 'tanh' for the approximation of Hendrycks and Gimpel (2016); 'none' is exact. */
  readonly approximate?: 'none' | 'tanh'
}

/** x times the normal distribution function of x. */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  checkOptions('gelu', options, geluKinds)
  if (options.approximate === 'tanh') {
    const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))
    return composed(x.mul(0.5).mul(inner.tanh().add(1)), 'gelu', [x], { approximate: 'tanh' })
  }
  const y = x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1))
  return composed(y, 'gelu', [x], { approximate: 'none' })
}

export function sigmoid(x: Tensor): Tensor {
  return x.sigmoid()
}

/** log(sigmoid(x)), exact for large |x|. */
export function logSigmoid(x: Tensor): Tensor {
  return x.minimum(0).sub(x.abs().neg().exp().log1p())
}

/** relu6(x + 3) / 6. */
export function hardSigmoid(x: Tensor): Tensor {
  return composed(relu6(x.add(3)).mul(1 / 6), 'hardSigmoid', [x], {})
}

export function tanh(x: Tensor): Tensor {
  return x.tanh()
}

/** x sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return x.mul(x.sigmoid())
}

/** x relu6(x + 3) / 6 (Howard et al., "Searching for MobileNetV3", 2019). */
export function hardSwish(x: Tensor): Tensor {
  return composed(x.mul(hardSigmoid(x)), 'hardSwish', [x], {})
}

/** x tanh(softplus(x)) (Misra, 2019). */
export function mish(x: Tensor): Tensor {
  return composed(x.mul(softplus(x).tanh()), 'mish', [x], {})
}

export interface SoftplusOptions {
  readonly beta?: number
  /** Above this value of beta x the function is taken to be x. */
  readonly threshold?: number
}

/** log(1 + exp(beta x)) / beta. */
export function softplus(x: Tensor, options: SoftplusOptions = {}): Tensor {
  checkOptions('softplus', options, softplusKinds)
  const { beta = 1, threshold = 20 } = options
  const scaled = beta === 1 ? x : x.mul(beta)
  const linear = scaled.gt(threshold)
  const curve = where(linear, 0, scaled).exp().log1p()
  const y = where(linear, x, beta === 1 ? curve : curve.mul(1 / beta))
  // Beyond the usual threshold the difference is below a float's precision.
  return beta === 1 && threshold >= 20 ? composed(y, 'softplus', [x], {}) : y
}

/** x / (1 + |x|). */
export function softsign(x: Tensor): Tensor {
  return composed(x.div(x.abs().add(1)), 'softsign', [x], {})
}

/** x - tanh(x). */
export function tanhshrink(x: Tensor): Tensor {
  return x.sub(x.tanh())
}

/** 0 within -lambda..lambda, else x moved towards 0 by lambda. */
export function softshrink(x: Tensor, lambda = 0.5): Tensor {
  const y = where(x.gt(lambda), x.sub(lambda), where(x.lt(-lambda), x.add(lambda), x.mul(0)))
  return composed(y, 'softshrink', [x], { lambda })
}

/** 0 within -lambda..lambda, else x. */
export function hardshrink(x: Tensor, lambda = 0.5): Tensor {
  return composed(where(x.ge(-lambda).logicalAnd(x.le(lambda)), 0, x), 'hardshrink', [x], { lambda })
}

/** x above the threshold, else the value. */
export function threshold(x: Tensor, limit: number, value: number): Tensor {
  return where(x.le(limit), value, x)
}

/** exp(x) over its sum along the axis. */
export function softmax(x: Tensor, axis: number): Tensor {
  return x.softmax(axis)
}

/** softmax(-x). */
export function softmin(x: Tensor, axis: number): Tensor {
  return x.neg().softmax(axis)
}

export function logSoftmax(x: Tensor, axis: number): Tensor {
  return x.logSoftmax(axis)
}

/** Gated linear unit: the first half along the axis times the sigmoid of the second (Dauphin et al., 2016). */
export function glu(x: Tensor, axis = -1): Tensor {
  const resolved = normalizeAxis('glu', axis, x.rank)
  const size = x.shape[resolved]!
  if (size % 2 !== 0) {
    throw new ShapeError(`glu: axis ${axis} of ${formatShape(x.shape)} must have an even size to be halved`)
  }
  const half = size / 2
  return x.narrow(resolved, 0, half).mul(x.narrow(resolved, half, half).sigmoid())
}
