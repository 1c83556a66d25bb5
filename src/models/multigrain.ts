import { type Buffer, buffer, Linear, Module } from '../nn/index.ts'
import { concat, noGrad, ones, realize, type Tensor, tensor, zeros } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { GeMPool2d } from './blocks/index.ts'
import type { Whitening } from './multigrain-whitening.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import { ResNetTrunk } from './resnet-trunk.ts'

export {
  MarginLoss,
  type MarginLossOptions,
  MultiGrainLoss,
  type MultiGrainLossOptions,
} from './multigrain-loss.ts'
export { pcaWhitening, type Whitening } from './multigrain-whitening.ts'

export interface MultiGrainOptions extends NetworkOptions {
  /** The exponent of the pooling; weights were trained with 1 or 3, and larger images want a larger one. */
  readonly p?: number
  readonly learnP?: boolean
  /** With room for the whitening that `integrateWhitening` gives to a network without it. */
  readonly whitened?: boolean
}

/** Subtracts the mean and projects, both of a whitening. */
class Projection extends Module {
  pca_P: Buffer
  pca_m: Buffer

  constructor(dimensions: number) {
    super()
    this.pca_P = buffer(zeros([dimensions, dimensions]))
    this.pca_m = buffer(zeros([dimensions]))
  }

  override forward(x: Tensor): Tensor {
    return x.sub(this.pca_m).matmul(this.pca_P)
  }
}

class WhiteningStage extends Module {
  pca: Projection

  constructor(dimensions: number) {
    super()
    this.pca = new Projection(dimensions)
  }

  override forward(x: Tensor): Tensor {
    return this.pca.forward(unit(x))
  }
}

/**
 * One descriptor for classification and for retrieval of instances (Berman et al. 2019): ResNet-50 with generalized-mean
 * pooling. Trained with `MultiGrainLoss` on batches of repeated augmentations (`RepeatedAugmentation` of ocelli/data).
 */
export class MultiGrain extends Network {
  features: ResNetTrunk
  pool: GeMPool2d
  classifier: Linear
  whitening: WhiteningStage | null
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor({
    numClasses = 1000,
    inChannels = 3,
    p = 3,
    learnP = false,
    whitened = false,
  }: MultiGrainOptions = {}) {
    super()
    this.numClasses = numClasses
    this.features = new ResNetTrunk({ inChannels })
    this.pool = new GeMPool2d({ p, learnP })
    const dimensions = this.features.channels + (whitened ? 1 : 0)
    this.classifier = new Linear(dimensions, numClasses)
    this.whitening = whitened ? new WhiteningStage(dimensions) : null
    this.featureInfo = this.features.featureInfo('features')
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.features.stages.reduce((y, layer) => this.stage(layer, y), this.features.stem(x))
  }

  /** As descriptor the pooled map [batch, 2048], whitened to [batch, 2049] if the network has a whitening. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const embedding = this.#embedding(x)
    return preLogits ? embedding : this.classifier.forward(embedding)
  }

  #embedding(x: Tensor): Tensor {
    const pooled = this.pool.forward(x)
    return this.whitening === null ? pooled : this.whitening.forward(biased(pooled))
  }

  /** The logits, and the retrieval descriptor: the embedding over its length. */
  override forwardAll(x: Tensor): readonly Tensor[] {
    const embedding = this.#embedding(this.forwardFeatures(x))
    return [this.classifier.forward(embedding), unit(embedding)]
  }

  override get lossWeights(): readonly number[] {
    return [1, 0]
  }

  /** The retrieval descriptor of images: [batch, 2048], or [batch, 2049] with a whitening; of length 1. */
  descriptor(x: Tensor): Tensor {
    return unit(this.#embedding(this.forwardFeatures(x)))
  }

  /** What `pcaWhitening` is to be fitted to: [batch, 2049], the pooled map and a constant 1, of length 1. */
  whiteningInput(x: Tensor): Tensor {
    return unit(biased(this.pool.forward(this.forwardFeatures(x))))
  }

  /**
   * Makes a whitening part of the network. The classifier is changed so that its scores stay what they were, but for one
   * positive factor for each image.
   */
  async integrateWhitening({ mean, projection, variances }: Whitening): Promise<void> {
    const dimensions = this.features.channels + 1
    if (this.whitening !== null) throw new Error('integrateWhitening: the network has a whitening already')
    if (mean.length !== dimensions) {
      throw new RangeError(`integrateWhitening: needs ${dimensions} dimensions, got ${mean.length}`)
    }
    const { weight, bias } = this.classifier
    const whitening = new WhiteningStage(dimensions)
    const classifier = new Linear(dimensions, this.numClasses)
    whitening.pca.pca_P.load(projection)
    whitening.pca.pca_m.load(mean)
    noGrad(() => {
      const joined = concat([weight, bias!.reshape(-1, 1)], 1)
      const inverse = tensor(projection, [dimensions, dimensions]).mul(tensor(variances, [1, dimensions]))
      classifier.weight.assign(joined.matmul(inverse))
      classifier.bias!.assign(joined.matmul(tensor(mean, [dimensions, 1])).reshape(-1))
    })
    await realize(classifier.weight, classifier.bias!)
    this.setSubmodule('classifier', classifier)
    this.whitening = whitening
    whitening.train(this.training)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }

  override headNames(): readonly string[] {
    return this.whitening === null ? ['pool', 'classifier'] : ['pool', 'classifier', 'whitening']
  }
}

function unit(x: Tensor): Tensor {
  return x.div(x.square().sum(1, true).sqrt().add(1e-6))
}

function biased(x: Tensor): Tensor {
  return concat([x, ones([x.shape[0]!, 1])], 1)
}

const multigrainOptions: OptionKinds<MultiGrainOptions> = {
  ...networkOptions,
  p: 'number',
  learnP: 'flag',
  whitened: 'flag',
}

export const variants: { readonly multigrain_resnet50: Variant<MultiGrainOptions> } = {
  multigrain_resnet50: { options: multigrainOptions, create: (options) => new MultiGrain(options) },
}
