import { F, init, type Linear } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type FeatureInfo, type HeadOptions, Network, type NetworkOptions } from './network.ts'
import type { ResNetTrunk } from './resnet-trunk.ts'

export interface PCBOptions extends NetworkOptions {
  /** Of the pooled stripes, in training. */
  readonly dropout?: number
}

export interface DescriptorOptions {
  /** Adds the stripes of the mirrored image before they are normalized. */
  readonly flip?: boolean
}

export const parts = 6
export const partIndices: readonly number[] = Array.from({ length: parts }, (_, i) => i)
export const reducedChannels = 256

/**
 * A person's image as six horizontal stripes, each with a classifier of its own (Sun et al. 2017). Images are taller than
 * wide; retrieval compares `descriptor`s, classification (`forward`) takes the mean of the six classifiers' scores.
 */
export abstract class PartNetwork extends Network {
  abstract override numClasses: number
  abstract override readonly featureInfo: readonly FeatureInfo[]

  protected abstract get trunk(): ResNetTrunk
  /** The pooled stripes [batch, 2048, 6, 1] of the last map. */
  protected abstract stripes(x: Tensor): Tensor
  /** The scores [batch, numClasses] of each stripe. */
  protected abstract scores(stripes: Tensor): Tensor[]

  forwardFeatures(x: Tensor): Tensor {
    return this.trunk.stages.reduce((y, layer) => this.stage(layer, y), this.trunk.stem(x))
  }

  /** The mean of the six classifiers' scores; as descriptor the stripes, each of length 1, one after the other. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const stripes = this.stripes(x)
    if (preLogits) return F.normalize(stripes, { axis: 1 }).flatten(1)
    const scores = this.scores(stripes)
    return scores.reduce((a, b) => a.add(b)).div(parts)
  }

  /**
   * The retrieval descriptor [batch, 12288] of images, of length 1: the six stripes, which count the same whatever their
   * length. Descriptors of the same person have a high inner product.
   */
  descriptor(x: Tensor, { flip = false }: DescriptorOptions = {}): Tensor {
    const stripes = this.stripes(this.forwardFeatures(x))
    const all = flip ? stripes.add(this.stripes(this.forwardFeatures(x.flip(3)))) : stripes
    return F.normalize(all, { axis: 1 }).div(Math.sqrt(parts)).flatten(1)
  }
}

export function initialized(layer: Linear, std: number): Linear {
  init.normal(layer.weight, 0, std)
  init.zeros(layer.bias!)
  return layer
}
