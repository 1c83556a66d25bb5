import { full } from '../../tensor/create.ts'
import { checkOption } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import {
  celu,
  elu,
  gelu,
  glu,
  hardSigmoid,
  hardSwish,
  hardshrink,
  hardtanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  prelu,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softmax,
  softmin,
  softplus,
  softshrink,
  softsign,
  tanh,
  tanhshrink,
  threshold,
} from '../functional/activation.ts'
import { geluKinds } from '../functional/options.ts'
import { Module } from '../module.ts'
import { type Parameter, parameter } from '../parameter.ts'
import { represent } from './represent.ts'

/** max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x)
  }
}

/** min(max(x, 0), 6). */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return relu6(x)
  }
}

/** x limited to low..high. */
export class Hardtanh extends Module {
  readonly low: number
  readonly high: number

  constructor(low = -1, high = 1) {
    super()
    this.low = low
    this.high = high
  }

  override forward(x: Tensor): Tensor {
    return hardtanh(x, this.low, this.high)
  }

  override extraRepr(): string {
    return represent([], { low: this.low, high: this.high })
  }
}

/** x above 0, else negativeSlope x. */
export class LeakyReLU extends Module {
  readonly negativeSlope: number

  constructor(negativeSlope = 0.01) {
    super()
    this.negativeSlope = negativeSlope
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope)
  }

  override extraRepr(): string {
    return represent([], { negativeSlope: this.negativeSlope })
  }
}

/** x above 0, else alpha (exp(x) - 1) (Clevert et al., 2015). */
export class ELU extends Module {
  readonly alpha: number

  constructor(alpha = 1) {
    super()
    this.alpha = alpha
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.alpha)
  }

  override extraRepr(): string {
    return represent([], { alpha: this.alpha })
  }
}

/** Self-normalizing ELU (Klambauer et al., 2017). */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return selu(x)
  }
}

/** Continuously differentiable ELU (Barron, 2017). */
export class CELU extends Module {
  readonly alpha: number

  constructor(alpha = 1) {
    super()
    this.alpha = alpha
  }

  override forward(x: Tensor): Tensor {
    return celu(x, this.alpha)
  }

  override extraRepr(): string {
    return represent([], { alpha: this.alpha })
  }
}

/** x times the normal distribution function of x (Hendrycks and Gimpel, 2016). */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh'

  constructor(approximate: 'none' | 'tanh' = 'none') {
    super()
    checkOption('GELU', 'approximate', approximate, geluKinds.approximate)
    this.approximate = approximate
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate })
  }

  override extraRepr(): string {
    return represent([], { approximate: this.approximate })
  }
}

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x)
  }
}

/** log(sigmoid(x)). */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return logSigmoid(x)
  }
}

/** relu6(x + 3) / 6. */
export class Hardsigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return hardSigmoid(x)
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x)
  }
}

/** x sigmoid(x), also called swish. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x)
  }
}

/** x relu6(x + 3) / 6 (Howard et al., 2019). */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return hardSwish(x)
  }
}

/** x tanh(softplus(x)) (Misra, 2019). */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return mish(x)
  }
}

/** log(1 + exp(beta x)) / beta. */
export class Softplus extends Module {
  readonly beta: number
  readonly threshold: number

  constructor(beta = 1, threshold = 20) {
    super()
    this.beta = beta
    this.threshold = threshold
  }

  override forward(x: Tensor): Tensor {
    return softplus(x, { beta: this.beta, threshold: this.threshold })
  }

  override extraRepr(): string {
    return represent([], { beta: this.beta, threshold: this.threshold })
  }
}

/** x / (1 + |x|). */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return softsign(x)
  }
}

/** x - tanh(x). */
export class Tanhshrink extends Module {
  override forward(x: Tensor): Tensor {
    return tanhshrink(x)
  }
}

/** 0 within -lambda..lambda, else x moved towards 0 by lambda. */
export class Softshrink extends Module {
  readonly lambda: number

  constructor(lambda = 0.5) {
    super()
    this.lambda = lambda
  }

  override forward(x: Tensor): Tensor {
    return softshrink(x, this.lambda)
  }

  override extraRepr(): string {
    return represent([], { lambda: this.lambda })
  }
}

/** 0 within -lambda..lambda, else x. */
export class Hardshrink extends Module {
  readonly lambda: number

  constructor(lambda = 0.5) {
    super()
    this.lambda = lambda
  }

  override forward(x: Tensor): Tensor {
    return hardshrink(x, this.lambda)
  }

  override extraRepr(): string {
    return represent([], { lambda: this.lambda })
  }
}

/** x above the limit, else the value. */
export class Threshold extends Module {
  readonly limit: number
  readonly value: number

  constructor(limit: number, value: number) {
    super()
    this.limit = limit
    this.value = value
  }

  override forward(x: Tensor): Tensor {
    return threshold(x, this.limit, this.value)
  }

  override extraRepr(): string {
    return represent([], { limit: this.limit, value: this.value })
  }
}

/** exp(x) over its sum along the axis. */
export class Softmax extends Module {
  readonly axis: number

  constructor(axis: number) {
    super()
    this.axis = axis
  }

  override forward(x: Tensor): Tensor {
    return softmax(x, this.axis)
  }

  override extraRepr(): string {
    return represent([], { axis: this.axis })
  }
}

/** softmax(-x). */
export class Softmin extends Module {
  readonly axis: number

  constructor(axis: number) {
    super()
    this.axis = axis
  }

  override forward(x: Tensor): Tensor {
    return softmin(x, this.axis)
  }

  override extraRepr(): string {
    return represent([], { axis: this.axis })
  }
}

/** log(softmax(x)). */
export class LogSoftmax extends Module {
  readonly axis: number

  constructor(axis: number) {
    super()
    this.axis = axis
  }

  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.axis)
  }

  override extraRepr(): string {
    return represent([], { axis: this.axis })
  }
}

/** The first half along the axis times the sigmoid of the second (Dauphin et al., 2016). */
export class GLU extends Module {
  readonly axis: number

  constructor(axis = -1) {
    super()
    this.axis = axis
  }

  override forward(x: Tensor): Tensor {
    return glu(x, this.axis)
  }

  override extraRepr(): string {
    return represent([], { axis: this.axis })
  }
}

/** Leaky ReLU with a learned slope: one, or one for each of numParameters channels (He et al., 2015). */
export class PReLU extends Module {
  weight: Parameter

  constructor(numParameters = 1, initial = 0.25) {
    super()
    this.weight = parameter(full([numParameters], initial))
  }

  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight)
  }

  override extraRepr(): string {
    return represent([], { numParameters: this.weight.size })
  }
}
