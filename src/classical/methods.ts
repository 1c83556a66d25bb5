import type { Classifier } from './classifier.ts'
import { InputError, StateError } from './errors.ts'
import type { EstimatorState, InputKinds } from './estimator.ts'
import type { Regressor } from './regressor.ts'
import { StateReader } from './state.ts'
import type { Transformer } from './transformer.ts'

// Methods differ in their options, which a table over all of them cannot name.
// biome-ignore lint/suspicious/noExplicitAny: the options of any method
export type AnyClassifier = Classifier<any, keyof InputKinds>
// biome-ignore lint/suspicious/noExplicitAny: the options of any method
export type AnyRegressor = Regressor<any, keyof InputKinds>
// biome-ignore lint/suspicious/noExplicitAny: the options of any method
export type AnyTransformer = Transformer<any>
export type AnyEstimator = AnyClassifier | AnyRegressor | AnyTransformer

/** What makes a method from its options. */
export type EstimatorClass<E extends AnyEstimator = AnyEstimator> = new (options?: object) => E

export interface Method<E extends AnyEstimator = AnyEstimator> {
  readonly kind: E['kind']
  /** Its name in a table of results. */
  readonly title: string
  /** One sentence for people who choose. */
  readonly summary: string
  readonly load: () => Promise<EstimatorClass<E>>
}

function define<E extends AnyEstimator>(
  kind: E['kind'],
  title: string,
  summary: string,
  load: () => Promise<new (options?: never) => E>,
): Method<E> {
  return { kind, title, summary, load: load as unknown as () => Promise<EstimatorClass<E>> }
}

/** The methods' keys: what a saved one names, and what the command line takes. */
export type MethodName = 'zeror' | 'zeror-regressor' | 'knn' | 'knn-regressor' | 'svc' | 'svr' | 'linear-svc'

export const methods: Readonly<Record<MethodName, Method>> = {
  zeror: define(
    'classifier',
    'ZeroR',
    'the most frequent class: the baseline',
    async () => (await import('./zero-rule.ts')).ZeroR,
  ),
  'zeror-regressor': define(
    'regressor',
    'ZeroR',
    'the mean: the baseline',
    async () => (await import('./zero-rule.ts')).ZeroRRegressor,
  ),
  knn: define(
    'classifier',
    'k-nearest neighbours',
    'the class of most of the nearest samples',
    async () => (await import('./neighbors/classifier.ts')).KNeighborsClassifier,
  ),
  'knn-regressor': define(
    'regressor',
    'k-nearest neighbours',
    'the mean of the nearest samples',
    async () => (await import('./neighbors/regressor.ts')).KNeighborsRegressor,
  ),
  svc: define(
    'classifier',
    'support vector machine',
    'the widest margin between classes, with kernels',
    async () => (await import('./svm/svc.ts')).SVC,
  ),
  svr: define(
    'regressor',
    'support vector machine',
    'the flattest function near the targets, with kernels',
    async () => (await import('./svm/svr.ts')).SVR,
  ),
  'linear-svc': define(
    'classifier',
    'linear support vector machine',
    'the widest margin between each class and the others, for many samples',
    async () => (await import('./svm/linear-svc.ts')).LinearSVC,
  ),
}

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name)
}

/**
 * The method that JSON holds, as `JSON.stringify(estimator)` wrote it, ready to predict.
 * @param json The parsed JSON. Throws a StateError where it is not a saved method.
 */
export async function estimatorFromJson(json: unknown): Promise<AnyEstimator> {
  const reader = new StateReader(json, 'the file')
  if (!reader.has('format') || reader.text('format') !== 'ocelli.classical') {
    throw new StateError("this is not a saved method: its 'format' is not 'ocelli.classical'")
  }
  if (reader.integer('version') !== 1) {
    throw new StateError(
      `the saved method has version ${reader.integer('version')}; this release reads version 1`,
    )
  }
  const name = reader.text('method')
  if (!isMethodName(name)) throw new StateError(`the saved method '${name}' is not known to this release`)
  const options = reader.raw('options')
  new StateReader(options, 'options')
  const Constructor = await methods[name].load()
  try {
    return new Constructor(options as object).restore(json as EstimatorState)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new StateError(`the saved method does not hold together: ${error.message}`, { cause: error })
  }
}
