import { Conv2d, Linear, type LoadResult, type LoadSource, Module, type Sequential } from '../nn/index.ts'
import { checkpoint, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import type { Preprocessing } from '../transforms/index.ts'
import type { LoadOptions } from '../weights/index.ts'
import type { Adaptation } from './adapt.ts'
import type { WeightEntry } from './metadata.ts'

/** One stage's output: the module that gives it, its channels, and how many input pixels one of its pixels spans. */
export interface FeatureInfo {
  readonly name: string
  readonly channels: number
  readonly stride: number
}

export interface HeadOptions {
  /** Stops before the last linear layer: the pooled descriptor. */
  readonly preLogits?: boolean
}

/** Weights that createModel has loaded into a network. */
export interface LoadedWeights {
  /** The published weights that they are, where that is known. */
  readonly entry: WeightEntry | null
  /** Where they came from: a path, or in a browser an address. */
  readonly location: string
  /** How they were changed to fit. */
  readonly adaptations: readonly Adaptation[]
}

/** What every network of the registry offers. Images are float32 [batch, channels, height, width]. */
export abstract class Network extends Module {
  abstract numClasses: number
  /** The stages from fine to coarse. */
  abstract readonly featureInfo: readonly FeatureInfo[]
  gradientCheckpointing = false
  /** The published weights; none for networks that are not of the registry. */
  weightEntries: readonly WeightEntry[] = []
  /** What createModel has loaded; null for weights of one's own. */
  loadedWeights: LoadedWeights | null = null
  #preprocessing: Preprocessing | undefined

  /**
   * How the network wants its images: the default of its metadata, in place of which that of the weights may be set.
   * Throws for a network that is not of the registry and has not been given one.
   */
  get preprocessing(): Preprocessing {
    if (this.#preprocessing === undefined) {
      throw new Error(
        `${this.constructor.name}: nobody has said how it wants its images; createModel() does, or set preprocessing`,
      )
    }
    return this.#preprocessing
  }

  set preprocessing(value: Preprocessing) {
    this.#preprocessing = value
  }

  /** The last feature map, before pooling. */
  abstract forwardFeatures(x: Tensor): Tensor
  /** From the last feature map to the logits [batch, numClasses]. */
  abstract forwardHead(x: Tensor, options?: HeadOptions): Tensor

  /** False where the head takes the maps of several stages, so that `forwardHead` cannot compute it from the last one. */
  get separateHead(): boolean {
    return true
  }

  /** The first of the outputs: the logits of a classifier. */
  override forward(x: Tensor): Tensor {
    return this.forwardHead(this.forwardFeatures(x))
  }

  /**
   * Every output, in the order of the reference: of most networks the logits alone, of others those of auxiliary classifiers
   * (in training only) or of several heads too.
   */
  forwardAll(x: Tensor): readonly Tensor[] {
    return [this.forward(x)]
  }

  /**
   * How much each of the outputs of `forwardAll` counts in the loss of a classification: 0 for one that is no class scores.
   * Outputs beyond the list count as the last of it.
   */
  get lossWeights(): readonly number[] {
    return [1]
  }

  /** The dotted names of the layers whose outputs are the classes, those of auxiliary classifiers included. */
  abstract classifierNames(): readonly string[]

  /** What reading a file needs to know whose numbers have no names; nothing but for networks of Darknet. */
  fileLayout(): Pick<LoadOptions, 'darknet'> {
    return {}
  }

  /** The dotted names of the modules after the last stage, which a feature pyramid does without. */
  headNames(): readonly string[] {
    return this.classifierNames()
  }

  /** The dotted names of parameters on which weight decay must not act, besides biases and those of normalization. */
  noWeightDecay(): readonly string[] {
    return []
  }

  /** Fresh classifiers for another number of classes. */
  resetClassifier(numClasses: number): void {
    this.numClasses = numClasses
    for (const name of this.classifierNames()) {
      const fresh = freshLike(this.getSubmodule(name), numClasses)
      this.initializeClassifier(fresh)
      this.setSubmodule(name, fresh)
    }
  }

  /** Draws a fresh classifier's weights, where the reference draws them otherwise than the layer itself does. */
  protected initializeClassifier(_layer: Linear | Conv2d): void {}

  /** The outputs of the stages (all, or those with the given places in `featureInfo`), from fine to coarse. */
  forwardPyramid(x: Tensor, stages: readonly number[] = this.featureInfo.map((_, i) => i)): Tensor[] {
    const names = stages.map((stage) => {
      const info = this.featureInfo[stage]
      if (!info)
        throw new RangeError(`forwardPyramid: stage ${stage} is not in 0..${this.featureInfo.length - 1}`)
      return info.name
    })
    const { outputs } = this.captureOutputs(names, () => this.forwardFeatures(x))
    return names.map((name) => outputs.get(name)!)
  }

  /**
   * The network's own name of a tensor in a file of published weights that calls it otherwise; any other name as it is.
   * Networks whose files bear several namings override it.
   */
  renameKey(name: string): string {
    return name
  }

  /** As of every module, for files of any naming that `renameKey` knows. */
  override loadStateDict(
    source: ReadonlyMap<string, LoadSource>,
    options: { readonly strict?: boolean; readonly assign?: boolean } = {},
  ): LoadResult {
    const renamed = new Map<string, LoadSource>()
    for (const [name, value] of source) {
      const own = this.renameKey(name)
      if (renamed.has(own)) {
        throw new Error(
          `loadStateDict: two values for ${own} of ${this.constructor.name}; one is called ${name}`,
        )
      }
      renamed.set(own, value)
    }
    return super.loadStateDict(renamed, options)
  }

  /** Whether stages' activations are computed again for the gradient instead of being kept: less memory, more work. */
  setGradientCheckpointing(enabled = true): void {
    this.gradientCheckpointing = enabled
  }

  /** Runs one stage, as a checkpointed region if asked for. */
  protected stage(stage: { forward(x: Tensor): Tensor }, x: Tensor): Tensor {
    return this.#recomputes ? checkpoint(() => stage.forward(x)) : stage.forward(x)
  }

  /**
   * Runs all stages of a network that is one Sequential. A stage ends with the module that `featureInfo` names by its
   * position ('features.4'), unless positions are given before which stages end.
   */
  protected stagesOf(layers: Sequential, x: Tensor, given?: readonly number[]): Tensor {
    if (!this.#recomputes) return layers.forward(x)
    const ends =
      given ?? this.featureInfo.map(({ name }) => Number(name.slice(name.lastIndexOf('.') + 1)) + 1)
    let start = 0
    let y = x
    for (const end of [...ends, layers.length]) {
      const first = start
      if (end > first) y = this.stage({ forward: (input) => layers.forwardRange(input, first, end) }, y)
      start = end
    }
    return y
  }

  get #recomputes(): boolean {
    return this.gradientCheckpointing && this.training
  }
}

function freshLike(layer: Module, outputs: number): Linear | Conv2d {
  if (layer instanceof Linear) return new Linear(layer.inFeatures, outputs, { bias: layer.bias !== null })
  if (!(layer instanceof Conv2d)) {
    throw new TypeError(`resetClassifier: ${layer.constructor.name} is neither Linear nor Conv2d`)
  }
  const { inChannels, kernelSize, stride, padding, bias } = layer
  return new Conv2d(inChannels, outputs, kernelSize, { stride, padding, bias: bias !== null })
}

/** Options that every network of the registry takes. */
export interface NetworkOptions {
  readonly numClasses?: number
  readonly inChannels?: number
}

export const networkOptions: OptionKinds<NetworkOptions> = { numClasses: 'count', inChannels: 'count' }

/** A network of the registry: the options that it takes, and what builds it. */
export interface Variant<O extends NetworkOptions> {
  readonly options: OptionKinds<O>
  readonly create: (options?: O) => Network
}

/** Rounds channels to a multiple of `divisor`, never below 90 % of the wanted number (MobileNet, TensorFlow models). */
export function makeDivisible(channels: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor)
  return rounded < 0.9 * channels ? rounded + divisor : rounded
}
