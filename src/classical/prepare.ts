import { InputError } from './errors.ts'
import type { Features } from './input.ts'
import {
  type AnyClassifier,
  type AnyEstimator,
  type AnyRegressor,
  type AnyTransformer,
  type MethodName,
  methods,
} from './methods.ts'
import { Pipeline } from './pipeline.ts'
import type { Predictor } from './predictor.ts'
import { OneHotEncoder } from './preprocessing/encoders.ts'
import { SimpleImputer } from './preprocessing/imputer.ts'
import { StandardScaler } from './preprocessing/scalers.ts'
import { countMissing, Table } from './tables/table.ts'

/** How samples come to a method: as they are, without gaps, as numbers without gaps, or as numbers of one scale. */
type Preparation = 'table' | 'filled' | 'numbers' | 'scaled'

const preparations: Readonly<Record<MethodName, Preparation>> = {
  zeror: 'table',
  'zeror-regressor': 'table',
  oner: 'table',
  'naive-bayes': 'table',
  'categorical-nb': 'filled',
  'gaussian-nb': 'numbers',
  'multinomial-nb': 'numbers',
  'bernoulli-nb': 'scaled',
  id3: 'filled',
  linear: 'numbers',
  ridge: 'scaled',
  lasso: 'scaled',
  logistic: 'scaled',
  lda: 'numbers',
  qda: 'numbers',
  c45: 'table',
  cart: 'table',
  'cart-regressor': 'table',
  knn: 'scaled',
  'knn-regressor': 'scaled',
  svc: 'scaled',
  svr: 'scaled',
  'linear-svc': 'scaled',
  mlp: 'scaled',
  'mlp-regressor': 'scaled',
  'standard-scaler': 'table',
  'min-max-scaler': 'table',
  'simple-imputer': 'table',
  'one-hot-encoder': 'table',
  'ordinal-encoder': 'table',
}

/** Options with which a method takes tables of any kind, where its own defaults do not. */
const usualOptions: Readonly<Partial<Record<MethodName, object>>> = { lda: { solver: 'svd' } }

/** A method by its key. Throws an InputError where an option is not one of its own. */
export async function createMethod(name: MethodName, options: object = {}): Promise<AnyEstimator> {
  const Constructor = await methods[name].load()
  return new Constructor(options)
}

/**
 * A method with what usually goes before it for such samples: categories become columns of zeros and ones and gaps are
 * filled for methods that take numbers alone; those that compare distances see columns of one scale.
 */
export async function preparedMethod(
  name: MethodName,
  x: Features,
  options: object = {},
): Promise<Predictor> {
  const method = await createMethod(name, { ...usualOptions[name], ...options })
  if (method.kind === 'transformer') throw new InputError(`'${name}' changes columns and predicts nothing`)
  const preparation = preparations[name]
  const columns = x instanceof Table ? x.columns : []
  const steps: AnyTransformer[] = []
  if (preparation !== 'table' && columns.some((column) => countMissing(column) > 0))
    steps.push(new SimpleImputer())
  if (preparation === 'numbers' || preparation === 'scaled') {
    if (columns.some(({ kind }) => kind === 'nominal')) {
      steps.push(new OneHotEncoder({ drop: 'ifBinary', handleUnknown: 'ignore' }))
    }
    if (preparation === 'scaled') steps.push(new StandardScaler())
  }
  const last = method as AnyClassifier | AnyRegressor
  return steps.length === 0 ? (last as Predictor) : new Pipeline(...steps, last)
}
