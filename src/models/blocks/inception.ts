import { Dropout, F, Linear, MaxPool2d, Module, Sequential } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { Concurrent } from './branches.ts'
import { ConvNormAct, type ConvNormActOptions } from './conv-norm-act.ts'

/** What makes a convolution with all that belongs to it, whose padding keeps the size at stride 1. */
export type InceptionUnit = (
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  options?: Pick<ConvNormActOptions, 'stride'>,
) => Module

/** Output channels of an inception module's convolutions. */
export interface InceptionWidths {
  readonly conv1x1: number
  readonly reduce3x3: number
  readonly conv3x3: number
  readonly reduce5x5: number
  readonly conv5x5: number
  readonly poolProjection: number
}

export interface InceptionOptions {
  /** What a convolution consists of; with a bias and ReLU unless given. */
  readonly unit?: InceptionUnit
  /** 5 unless given; torchvision has 3. */
  readonly largestKernel?: number
}

/** A convolution with a bias, and ReLU. */
export const plainUnit: InceptionUnit = (from, to, kernel, options) =>
  new ConvNormAct(from, to, kernel, { norm: null, ...options })

/**
 * The naive inception module (Szegedy et al. 2014, figure 2a): 1x1, 3x3 and 5x5 convolutions and max pooling over the same
 * map. Takes [batch, inChannels, height, width]; gives conv1x1 + conv3x3 + conv5x5 + inChannels channels of that size.
 */
export class NaiveInception extends Concurrent {
  constructor(
    inChannels: number,
    { conv1x1, conv3x3, conv5x5 }: Pick<InceptionWidths, 'conv1x1' | 'conv3x3' | 'conv5x5'>,
    { unit = plainUnit, largestKernel = 5 }: InceptionOptions = {},
  ) {
    super({
      branch1: unit(inChannels, conv1x1, 1),
      branch2: unit(inChannels, conv3x3, 3),
      branch3: unit(inChannels, conv5x5, largestKernel),
      branch4: new MaxPool2d(3, { stride: 1, padding: 1 }),
    })
  }
}

/**
 * The inception module with dimension reduction (figure 2b): 1x1 convolutions before the larger ones and after the pooling.
 * Takes [batch, inChannels, height, width]; gives conv1x1 + conv3x3 + conv5x5 + poolProjection channels of that size.
 */
export class Inception extends Concurrent {
  readonly outChannels: number

  constructor(
    inChannels: number,
    { conv1x1, reduce3x3, conv3x3, reduce5x5, conv5x5, poolProjection }: InceptionWidths,
    { unit = plainUnit, largestKernel = 5 }: InceptionOptions = {},
  ) {
    super({
      branch1: unit(inChannels, conv1x1, 1),
      branch2: new Sequential(unit(inChannels, reduce3x3, 1), unit(reduce3x3, conv3x3, 3)),
      branch3: new Sequential(unit(inChannels, reduce5x5, 1), unit(reduce5x5, conv5x5, largestKernel)),
      branch4: new Sequential(
        new MaxPool2d(3, { stride: 1, padding: 1 }),
        unit(inChannels, poolProjection, 1),
      ),
    })
    this.outChannels = conv1x1 + conv3x3 + conv5x5 + poolProjection
  }
}

export interface AuxiliaryClassifierOptions {
  readonly unit?: InceptionUnit
  /** 0.7 unless given. */
  readonly dropout?: number
  /**
   * 'windows' of 5x5 with stride 3, as in the paper (4x4 of them over its maps of 14x14; others are averaged to 4x4), or
   * 'adaptive' ones that divide any map into 4x4.
   */
  readonly pooling?: 'windows' | 'adaptive'
}

/**
 * The auxiliary classifier of GoogLeNet: average pooling to 4x4, a 1x1 convolution to 128 channels and two linear layers.
 * Takes [batch, inChannels, height, width]; gives logits [batch, numClasses].
 */
export class AuxiliaryClassifier extends Module {
  conv: Module
  fc1: Linear
  fc2: Linear
  dropout: Dropout
  readonly pooling: 'windows' | 'adaptive'

  constructor(
    inChannels: number,
    numClasses: number,
    { unit = plainUnit, dropout = 0.7, pooling = 'windows' }: AuxiliaryClassifierOptions = {},
  ) {
    super()
    this.pooling = pooling
    this.conv = unit(inChannels, 128, 1)
    this.fc1 = new Linear(128 * 4 * 4, 1024)
    this.fc2 = new Linear(1024, numClasses)
    this.dropout = new Dropout(dropout)
  }

  override forward(x: Tensor): Tensor {
    const convolved: Tensor = this.conv.forward(F.adaptiveAvgPool2d(this.#windows(x), 4))
    return this.fc2.forward(this.dropout.forward(F.relu(this.fc1.forward(convolved.flatten(1)))))
  }

  #windows(x: Tensor): Tensor {
    if (this.pooling === 'adaptive') return x
    const [height, width] = x.shape.slice(2) as [number, number]
    return F.avgPool2d(x, [Math.min(5, height), Math.min(5, width)], { stride: 3 })
  }
}
