import { checkOption } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { alphaDropout, dropout, dropout1d, dropout2d, dropPath } from '../functional/dropout.ts'
import { Module } from '../module.ts'
import { represent } from './represent.ts'

/** Layers that act in training only, with a probability. */
abstract class RandomLayer extends Module {
  /** The probability of an element, channel or branch being dropped. */
  p: number

  constructor(p: number) {
    super()
    if (!(p >= 0 && p <= 1)) {
      throw new RangeError(`${this.constructor.name}: the probability must be in 0..1, got ${p}`)
    }
    this.p = p
  }

  override extraRepr(): string {
    return represent([], { p: this.p })
  }
}

/** Zeroes elements with probability p in training and scales the others by 1 / (1 - p) (Srivastava et al., 2014). */
export class Dropout extends RandomLayer {
  constructor(p = 0.5) {
    super(p)
  }

  override forward(x: Tensor): Tensor {
    return dropout(x, this.p, { training: this.training })
  }
}

/** Zeroes whole channels of [n, c, length] in training. */
export class Dropout1d extends RandomLayer {
  constructor(p = 0.5) {
    super(p)
  }

  override forward(x: Tensor): Tensor {
    return dropout1d(x, this.p, { training: this.training })
  }
}

/** Zeroes whole channels of [n, c, h, w] in training (Tompson et al., 2015). */
export class Dropout2d extends RandomLayer {
  constructor(p = 0.5) {
    super(p)
  }

  override forward(x: Tensor): Tensor {
    return dropout2d(x, this.p, { training: this.training })
  }
}

/** Dropout for networks with SELU, whose mean and variance it keeps (Klambauer et al., 2017). */
export class AlphaDropout extends RandomLayer {
  constructor(p = 0.5) {
    super(p)
  }

  override forward(x: Tensor): Tensor {
    return alphaDropout(x, this.p, { training: this.training })
  }
}

/** Drops a residual branch in training, for each sample or for the whole batch (Huang et al., 2016). */
export class StochasticDepth extends RandomLayer {
  readonly mode: 'row' | 'batch'

  constructor(p: number, mode: 'row' | 'batch' = 'row') {
    super(p)
    checkOption(this.constructor.name, 'mode', mode, ['row', 'batch'])
    this.mode = mode
  }

  override forward(x: Tensor): Tensor {
    return dropPath(x, this.p, { mode: this.mode, training: this.training })
  }

  override extraRepr(): string {
    return represent([], { p: this.p, mode: this.mode })
  }
}

/** StochasticDepth for each sample, under timm's name. */
export class DropPath extends StochasticDepth {
  constructor(p = 0) {
    super(p, 'row')
  }
}
