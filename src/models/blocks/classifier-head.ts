import { Dropout, Linear, Module } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'

/** timm's head: the mean of each channel, dropout, and the classifier `fc`. Takes [batch, channels, height, width]. */
export class ClassifierHead extends Module {
  drop: Dropout
  fc: Linear

  constructor(channels: number, numClasses: number, dropRate = 0) {
    super()
    this.drop = new Dropout(dropRate)
    this.fc = new Linear(channels, numClasses)
  }

  /** What the classifier sees: [batch, channels]. */
  descriptor(x: Tensor): Tensor {
    return this.drop.forward(x.mean([2, 3]))
  }

  override forward(x: Tensor): Tensor {
    return this.fc.forward(this.descriptor(x))
  }
}
