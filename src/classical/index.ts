export { Classifier, type ClassTarget, ProbabilisticClassifier } from './classifier.ts'
export { InputError, NotFittedError, StateError } from './errors.ts'
export type { Estimator, EstimatorState, FeatureInfo, FitOptions, InputKinds } from './estimator.ts'
export type { Features, Label, Labels, Targets } from './input.ts'
export { Matrix } from './matrix.ts'
export {
  type AnyClassifier,
  type AnyEstimator,
  type AnyRegressor,
  type AnyTransformer,
  type EstimatorClass,
  estimatorFromJson,
  type Method,
  type MethodName,
  methods,
} from './methods.ts'
export { KNeighborsClassifier } from './neighbors/classifier.ts'
export type { MetricName } from './neighbors/metric.ts'
export { KNeighborsRegressor } from './neighbors/regressor.ts'
export type { Neighbors, NeighborsAlgorithm, NeighborsOptions } from './neighbors/search.ts'
export { type NumberTarget, Regressor, r2Score } from './regressor.ts'
export type { Json, StateReader } from './state.ts'
export type { KernelName } from './svm/kernel.ts'
export { LinearSVC, type LinearSVCOptions } from './svm/linear-svc.ts'
export type { ClassWeight, KernelOptions } from './svm/options.ts'
export { SVC, type SVCOptions } from './svm/svc.ts'
export { SVR, type SVROptions } from './svm/svr.ts'
export {
  type Cell,
  type Column,
  type NominalColumn,
  type NumericColumn,
  nominalColumn,
  numericColumn,
  Table,
} from './table.ts'
export { Transformer } from './transformer.ts'
export { ZeroR, type ZeroROptions, ZeroRRegressor } from './zero-rule.ts'
