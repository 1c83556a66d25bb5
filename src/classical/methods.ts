import type { Classifier } from './classifier.ts'
import { InputError, StateError } from './errors.ts'
import type { EstimatorState, InputKinds } from './estimator.ts'
import { Pipeline, pipelineMethod, pipelineOf } from './pipeline.ts'
import type { Transformer } from './preprocessing/transformer.ts'
import type { Regressor } from './regressor.ts'
import { StateReader } from './state.ts'

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
export type MethodName =
  | 'zeror'
  | 'zeror-regressor'
  | 'linear'
  | 'ridge'
  | 'lasso'
  | 'logistic'
  | 'lda'
  | 'qda'
  | 'oner'
  | 'categorical-nb'
  | 'gaussian-nb'
  | 'multinomial-nb'
  | 'bernoulli-nb'
  | 'naive-bayes'
  | 'id3'
  | 'c45'
  | 'cart'
  | 'cart-regressor'
  | 'knn'
  | 'knn-regressor'
  | 'svc'
  | 'svr'
  | 'linear-svc'
  | 'mlp'
  | 'mlp-regressor'
  | 'standard-scaler'
  | 'min-max-scaler'
  | 'simple-imputer'
  | 'one-hot-encoder'
  | 'ordinal-encoder'

export const methods: Readonly<Record<MethodName, Method>> = {
  zeror: define(
    'classifier',
    'ZeroR',
    'the most frequent class: the baseline',
    async () => (await import('./rules/zero-rule.ts')).ZeroR,
  ),
  'zeror-regressor': define(
    'regressor',
    'ZeroR',
    'the mean: the baseline',
    async () => (await import('./rules/zero-rule.ts')).ZeroRRegressor,
  ),
  linear: define(
    'regressor',
    'Linear regression',
    'least squares, with standard errors and intervals',
    async () => (await import('./linear/linear-regression.ts')).LinearRegression,
  ),
  ridge: define(
    'regressor',
    'Ridge regression',
    'least squares with small coefficients',
    async () => (await import('./linear/ridge.ts')).Ridge,
  ),
  lasso: define(
    'regressor',
    'Lasso',
    'least squares with few coefficients',
    async () => (await import('./linear/lasso.ts')).Lasso,
  ),
  logistic: define(
    'classifier',
    'Logistic regression',
    'linear scores as probabilities',
    async () => (await import('./linear/logistic-regression.ts')).LogisticRegression,
  ),
  oner: define(
    'classifier',
    'OneR',
    'one rule on the one column that tells most',
    async () => (await import('./rules/one-rule.ts')).OneR,
  ),
  'naive-bayes': define(
    'classifier',
    'Naive Bayes',
    'categories and numbers, each column on its own; missing values are left out',
    async () => (await import('./naive-bayes/mixed.ts')).NaiveBayes,
  ),
  'gaussian-nb': define(
    'classifier',
    'Gaussian naive Bayes',
    'numbers, normally distributed in each class, each column on its own',
    async () => (await import('./naive-bayes/gaussian.ts')).GaussianNB,
  ),
  'categorical-nb': define(
    'classifier',
    'Categorical naive Bayes',
    'categories, each column on its own',
    async () => (await import('./naive-bayes/categorical.ts')).CategoricalNB,
  ),
  'multinomial-nb': define(
    'classifier',
    'Multinomial naive Bayes',
    'counts, as of words in a text',
    async () => (await import('./naive-bayes/multinomial.ts')).MultinomialNB,
  ),
  'bernoulli-nb': define(
    'classifier',
    'Bernoulli naive Bayes',
    'features that are there or not',
    async () => (await import('./naive-bayes/bernoulli.ts')).BernoulliNB,
  ),
  id3: define(
    'classifier',
    'ID3',
    'a tree over categories, by information gain',
    async () => (await import('./trees/id3.ts')).Id3,
  ),
  c45: define(
    'classifier',
    'C4.5',
    'a tree over categories and numbers, by gain ratio, pruned; takes missing values',
    async () => (await import('./trees/c45.ts')).C45,
  ),
  cart: define(
    'classifier',
    'Decision tree (CART)',
    'a tree of two-way questions, by Gini impurity or entropy',
    async () => (await import('./trees/decision-tree-classifier.ts')).DecisionTreeClassifier,
  ),
  'cart-regressor': define(
    'regressor',
    'Regression tree (CART)',
    'a tree of two-way questions, by squared or absolute error',
    async () => (await import('./trees/decision-tree-regressor.ts')).DecisionTreeRegressor,
  ),
  lda: define(
    'classifier',
    'Linear discriminant analysis',
    'normal classes with one covariance',
    async () => (await import('./discriminant/linear.ts')).LinearDiscriminantAnalysis,
  ),
  qda: define(
    'classifier',
    'Quadratic discriminant analysis',
    'normal classes, each with its own covariance',
    async () => (await import('./discriminant/quadratic.ts')).QuadraticDiscriminantAnalysis,
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
    'Support vector machine',
    'the widest margin between classes, with kernels',
    async () => (await import('./svm/svc.ts')).SVC,
  ),
  svr: define(
    'regressor',
    'Support vector machine',
    'the flattest function near the targets, with kernels',
    async () => (await import('./svm/svr.ts')).SVR,
  ),
  'linear-svc': define(
    'classifier',
    'Linear support vector machine',
    'the widest margin between each class and the others, for many samples',
    async () => (await import('./svm/linear-svc.ts')).LinearSVC,
  ),
  mlp: define(
    'classifier',
    'Neural network (MLP)',
    'layers of neurons, trained by gradient descent; columns should be of one scale',
    async () => (await import('./neural/mlp-classifier.ts')).MLPClassifier,
  ),
  'mlp-regressor': define(
    'regressor',
    'Neural network (MLP)',
    'layers of neurons, trained by gradient descent; columns should be of one scale',
    async () => (await import('./neural/mlp-regressor.ts')).MLPRegressor,
  ),
  'standard-scaler': define(
    'transformer',
    'StandardScaler',
    'columns of mean 0 and deviation 1',
    async () => (await import('./preprocessing/scalers.ts')).StandardScaler,
  ),
  'min-max-scaler': define(
    'transformer',
    'MinMaxScaler',
    'columns from 0 to 1',
    async () => (await import('./preprocessing/scalers.ts')).MinMaxScaler,
  ),
  'simple-imputer': define(
    'transformer',
    'SimpleImputer',
    'missing values filled in',
    async () => (await import('./preprocessing/imputer.ts')).SimpleImputer,
  ),
  'one-hot-encoder': define(
    'transformer',
    'OneHotEncoder',
    'categories as columns of zeros and ones',
    async () => (await import('./preprocessing/encoders.ts')).OneHotEncoder,
  ),
  'ordinal-encoder': define(
    'transformer',
    'OrdinalEncoder',
    'categories as numbers',
    async () => (await import('./preprocessing/encoders.ts')).OrdinalEncoder,
  ),
}

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name)
}

/**
 * The method that JSON holds, as `JSON.stringify(estimator)` wrote it, ready to predict.
 * @param json The parsed JSON. Throws a StateError where it is not a saved method.
 */
export async function estimatorFromJson(json: unknown): Promise<AnyEstimator | Pipeline> {
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
  if (name === pipelineMethod) return readPipeline(reader)
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

async function readPipeline(reader: StateReader): Promise<Pipeline> {
  const steps: AnyEstimator[] = []
  for (const step of reader.object('options').list('steps')) {
    const estimator = await estimatorFromJson(step)
    if (estimator instanceof Pipeline) throw new StateError('a saved pipeline holds another')
    steps.push(estimator)
  }
  return pipelineOf(steps)
}
