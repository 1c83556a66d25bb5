export type { ClassWeight } from './class-weight.ts'
export { accuracyScore, Classifier, type ClassTarget, ProbabilisticClassifier } from './classifier.ts'
export {
  LinearDiscriminantAnalysis,
  type LinearDiscriminantAnalysisOptions,
} from './discriminant/linear.ts'
export {
  QuadraticDiscriminantAnalysis,
  type QuadraticDiscriminantAnalysisOptions,
} from './discriminant/quadratic.ts'
export { InputError, NotFittedError, StateError } from './errors.ts'
export type { Estimator, EstimatorState, FeatureInfo, FitOptions, InputKinds } from './estimator.ts'
export { type GridPoint, GridSearch } from './evaluation/grid-search.ts'
export {
  type FoldOptions,
  kFold,
  leaveOneOut,
  type Split,
  stratifiedKFold,
  type TrainTestSplit,
  type TrainTestSplitOptions,
  trainTestSplit,
} from './evaluation/splits.ts'
export {
  type CrossPrediction,
  type CrossValidation,
  type CrossValidationOptions,
  crossValidate,
  crossValPredict,
  labelConfusion,
} from './evaluation/validation.ts'
export { type Features, type Label, type Labels, labelValues, type Targets } from './input.ts'
export type { CoefficientRow } from './linear/inference.ts'
export { Lasso, type LassoOptions } from './linear/lasso.ts'
export type { Bounds, Influence, PredictionIntervals } from './linear/linear-inference.ts'
export { LinearModel } from './linear/linear-model.ts'
export { LinearRegression, type LinearRegressionOptions } from './linear/linear-regression.ts'
export type { LogisticRow } from './linear/logistic/inference.ts'
export {
  LogisticRegression,
  type LogisticRegressionOptions,
} from './linear/logistic-regression.ts'
export { Ridge, type RidgeOptions } from './linear/ridge.ts'
export {
  type AnyClassifier,
  type AnyEstimator,
  type AnyRegressor,
  type AnyTransformer,
  type EstimatorClass,
  estimatorFromJson,
  isMethodName,
  type Method,
  type MethodName,
  methods,
} from './methods.ts'
export { BernoulliNB, type BernoulliNBOptions } from './naive-bayes/bernoulli.ts'
export { CategoricalNB, type CategoricalNBOptions } from './naive-bayes/categorical.ts'
export type { DiscreteNBOptions, PriorOptions, SmoothingOptions } from './naive-bayes/discrete.ts'
export { DiscreteNaiveBayes } from './naive-bayes/discrete.ts'
export { GaussianNB, type GaussianNBOptions } from './naive-bayes/gaussian.ts'
export { type ColumnModel, NaiveBayes, type NaiveBayesOptions } from './naive-bayes/mixed.ts'
export { MultinomialNB, type MultinomialNBOptions } from './naive-bayes/multinomial.ts'
export { KNeighborsClassifier } from './neighbors/classifier.ts'
export type { MetricName } from './neighbors/metric.ts'
export { KNeighborsRegressor } from './neighbors/regressor.ts'
export type { Neighbors, NeighborsAlgorithm, NeighborsOptions } from './neighbors/search.ts'
export { MLPClassifier } from './neural/mlp-classifier.ts'
export { MLPRegressor } from './neural/mlp-regressor.ts'
export type { Activation, MLPOptions } from './neural/options.ts'
export { correlationMatrix, covarianceMatrix } from './numerics/correlation.ts'
export { chiSquared, type Distribution, fisherF, normal, studentT } from './numerics/distributions.ts'
export { Cholesky } from './numerics/linear-algebra/cholesky.ts'
export { QR } from './numerics/linear-algebra/householder.ts'
export { solve } from './numerics/linear-algebra/lu.ts'
export { type SymmetricEigen, symmetricEigen } from './numerics/linear-algebra/symmetric-eigen.ts'
export { Pipeline } from './pipeline.ts'
export type { Predictor } from './predictor.ts'
export { createMethod, preparedMethod } from './prepare.ts'
export {
  type EncoderOptions,
  OneHotEncoder,
  type OneHotEncoderOptions,
  OrdinalEncoder,
} from './preprocessing/encoders.ts'
export { SimpleImputer, type SimpleImputerOptions } from './preprocessing/imputer.ts'
export {
  MinMaxScaler,
  type MinMaxScalerOptions,
  StandardScaler,
  type StandardScalerOptions,
} from './preprocessing/scalers.ts'
export { Transformer } from './preprocessing/transformer.ts'
export { type NumberTarget, Regressor, r2Score } from './regressor.ts'
export { OneR, type OneROptions } from './rules/one-rule.ts'
export { ZeroR, type ZeroROptions, ZeroRRegressor } from './rules/zero-rule.ts'
export type { Json, StateReader } from './state.ts'
export type { KernelName } from './svm/kernel.ts'
export { LinearSVC, type LinearSVCOptions } from './svm/linear-svc.ts'
export type { KernelOptions } from './svm/options.ts'
export { SVC, type SVCOptions } from './svm/svc.ts'
export { SVR, type SVROptions } from './svm/svr.ts'
export { parseArff } from './tables/arff.ts'
export { type ColumnKind, type CsvOptions, formatCsv, parseCsv } from './tables/csv.ts'
export { Matrix } from './tables/matrix.ts'
export {
  type Cell,
  type Column,
  cellOf,
  type NominalColumn,
  type NumericColumn,
  nominalColumn,
  numericColumn,
  Table,
} from './tables/table.ts'
export type { BinaryTree } from './trees/binary-tree.ts'
export type { TreeTextOptions } from './trees/binary-tree-text.ts'
export { C45, type C45Options } from './trees/c45.ts'
export type { DecisionTreeOptions } from './trees/cart.ts'
export {
  DecisionTreeClassifier,
  type DecisionTreeClassifierOptions,
} from './trees/decision-tree-classifier.ts'
export {
  DecisionTreeRegressor,
  type DecisionTreeRegressorOptions,
} from './trees/decision-tree-regressor.ts'
export type { TreeDiagramNode } from './trees/diagram.ts'
export { Id3, type Id3Options } from './trees/id3.ts'
export { MultiwayTreeClassifier } from './trees/multiway-classifier.ts'
export type { MultiwayNode } from './trees/multiway-tree.ts'
export type { PruningPath } from './trees/pruning.ts'
