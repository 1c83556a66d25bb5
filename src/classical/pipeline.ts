import { InputError, StateError } from './errors.ts'
import type { EstimatorState, FitOptions } from './estimator.ts'
import type { Features, Label, Labels } from './input.ts'
import type { AnyClassifier, AnyEstimator, AnyRegressor, AnyTransformer } from './methods.ts'
import type { Predictor } from './predictor.ts'
import type { Json } from './state.ts'
import type { Matrix } from './tables/matrix.ts'

/** The key under which pipelines are saved. */
export const pipelineMethod = 'pipeline'

/**
 * Transformers and a method at their end, fitted and used as one: what the transformers learn comes from the training rows
 * alone. Options of a step are changed under its method's key, as in `clone({ 'svc.C': 10 })`.
 */
export class Pipeline implements Predictor {
  readonly method: string = pipelineMethod
  readonly transformers: readonly AnyTransformer[]
  readonly last: AnyClassifier | AnyRegressor

  constructor(...steps: readonly [...AnyTransformer[], AnyClassifier | AnyRegressor]) {
    const last = steps.at(-1)
    const before = steps.slice(0, -1)
    if (last === undefined || last.kind === 'transformer') {
      throw new InputError('Pipeline: the last step is a classifier or a regressor')
    }
    for (const step of before) {
      if (step.kind !== 'transformer') {
        throw new InputError(`Pipeline: ${step.method} predicts, so it can only be the last step`)
      }
    }
    this.transformers = before as AnyTransformer[]
    this.last = last
  }

  get kind(): 'classifier' | 'regressor' {
    return this.last.kind
  }

  get steps(): readonly AnyEstimator[] {
    return [...this.transformers, this.last]
  }

  get classes(): readonly Label[] {
    return this.last.kind === 'classifier' ? this.last.classes : []
  }

  get isFitted(): boolean {
    return this.last.isFitted
  }

  clone(changes: { readonly [stepAndOption: string]: unknown } = {}): Pipeline {
    const ours = this.steps.map(({ method }) => method)
    for (const key of Object.keys(changes)) {
      const [step] = key.split('.')
      if (!ours.includes(step!)) {
        throw new InputError(
          `Pipeline: '${key}' names no step; options are changed as '${ours.at(-1)}.option'`,
        )
      }
    }
    const steps = this.steps.map((step) => {
      const own = Object.entries(changes).filter(([key]) => key.startsWith(`${step.method}.`))
      return step.clone(
        Object.fromEntries(own.map(([key, value]) => [key.slice(step.method.length + 1), value])),
      )
    })
    return new Pipeline(...(steps as [...AnyTransformer[], AnyClassifier | AnyRegressor]))
  }

  async fit(x: Features, y: Labels, options: FitOptions = {}): Promise<this> {
    let features = x
    for (const step of this.transformers) features = await step.fitTransform(features)
    await (this.last as Predictor).fit(features, y, options)
    return this
  }

  /** What the transformers make of the samples. */
  async transform(x: Features): Promise<Features> {
    let features = x
    for (const step of this.transformers) features = await step.transform(features)
    return features
  }

  async predict(x: Features): Promise<Label[] | Float64Array> {
    return this.last.predict(await this.transform(x))
  }

  async score(x: Features, y: Labels): Promise<number> {
    return (this.last as Predictor).score(await this.transform(x), y)
  }

  get givesProbabilities(): boolean {
    return this.last.kind === 'classifier' && this.last.givesProbabilities
  }

  /** The probability of each class, where the last step gives it. */
  async predictProba(x: Features): Promise<Matrix> {
    const last: Predictor = this.last
    if (last.predictProba === undefined) throw new InputError(`${this.last.method} gives no probabilities`)
    return last.predictProba(await this.transform(x))
  }

  toJSON(): EstimatorState {
    const steps = this.steps.map((step) => step.toJSON() as unknown as Json)
    return { format: 'ocelli.classical', version: 1, method: pipelineMethod, options: { steps } }
  }
}

/** A pipeline from its restored steps. */
export function pipelineOf(steps: readonly AnyEstimator[]): Pipeline {
  try {
    return new Pipeline(...(steps as [...AnyTransformer[], AnyClassifier | AnyRegressor]))
  } catch (error) {
    throw new StateError(`the saved pipeline is broken: ${(error as Error).message}`)
  }
}
