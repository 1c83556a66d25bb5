import { Identity, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type FeatureInfo, Network } from './network.ts'

/**
 * A network without its head, under the same parameter names: `forwardAll` gives the outputs of its stages, from fine to
 * coarse, `forward` that of the last one.
 */
export class FeaturePyramid extends Network {
  numClasses = 0
  readonly featureInfo: readonly FeatureInfo[]
  readonly #body: Network
  readonly #stages: readonly number[]

  /** `stages` are places in the body's `featureInfo`; all of them unless given. */
  constructor(body: Network, stages: readonly number[] = body.featureInfo.map((_, i) => i)) {
    super()
    for (const name of body.headNames()) body.setSubmodule(name, new Identity())
    this.#body = body
    this.#stages = stages
    this.featureInfo = stages.map((stage) => {
      const info = body.featureInfo[stage]
      if (info) return info
      throw new RangeError(`outIndices: stage ${stage} is not in 0..${body.featureInfo.length - 1}`)
    })
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* Object.entries(this.#body).filter(([, value]) => !(value instanceof Module))
    yield* this.#body.namedChildren()
  }

  override train(mode = true): this {
    this.#body.training = mode
    return super.train(mode)
  }

  override renameKey(name: string): string {
    return this.#body.renameKey(name)
  }

  override setGradientCheckpointing(enabled = true): void {
    super.setGradientCheckpointing(enabled)
    this.#body.setGradientCheckpointing(enabled)
  }

  override forwardAll(x: Tensor): readonly Tensor[] {
    return this.#body.forwardPyramid(x, this.#stages)
  }

  override forwardPyramid(x: Tensor, stages: readonly number[] = this.#stages.map((_, i) => i)): Tensor[] {
    return this.#body.forwardPyramid(
      x,
      stages.map((stage) => this.#stages[stage] ?? Number.NaN),
    )
  }

  override forwardFeatures(x: Tensor): Tensor {
    return this.forwardAll(x).at(-1)!
  }

  override forward(x: Tensor): Tensor {
    return this.forwardFeatures(x)
  }

  override forwardHead(): never {
    throw new Error('FeaturePyramid: a network made with featuresOnly has no head; create it without')
  }

  override classifierNames(): readonly string[] {
    return []
  }

  override resetClassifier(): never {
    return this.forwardHead()
  }
}
