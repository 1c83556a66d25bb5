import { Module } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'

/** The largest value from each position to an end of its row or column, over [batch, channels, height, width]. */
abstract class CornerPool extends Module {
  readonly #axis: 2 | 3
  readonly #fromEnd: boolean

  constructor(axis: 2 | 3, fromEnd: boolean) {
    super()
    this.#axis = axis
    this.#fromEnd = fromEnd
  }

  override forward(x: Tensor): Tensor {
    if (!this.#fromEnd) return x.cummax(this.#axis).values
    return x.flip(this.#axis).cummax(this.#axis).values.flip(this.#axis)
  }
}

/** Each position becomes the largest value of it and of all below it (Law and Deng 2018, section 3.4). */
export class TopPool extends CornerPool {
  constructor() {
    super(2, true)
  }
}

/** Each position becomes the largest value of it and of all above it. */
export class BottomPool extends CornerPool {
  constructor() {
    super(2, false)
  }
}

/** Each position becomes the largest value of it and of all to its right. */
export class LeftPool extends CornerPool {
  constructor() {
    super(3, true)
  }
}

/** Each position becomes the largest value of it and of all to its left. */
export class RightPool extends CornerPool {
  constructor() {
    super(3, false)
  }
}
