export * from './activation.ts'
export * from './attention/index.ts'
export * from './batch-norm-act.ts'
export * from './blur-pool.ts'
export * from './branches.ts'
export * from './channel-shuffle.ts'
export * from './classifier-head.ts'
export * from './conv-norm-act.ts'
export * from './dense.ts'
export * from './gem.ts'
export * from './ghost.ts'
export * from './inception.ts'
export * from './inception-units.ts'
export * from './inverted-residual.ts'
export * from './mbconv.ts'
export * from './mixed-conv.ts'
export * from './mobile-search.ts'
export * from './numbered-residual.ts'
export * from './one-shot-aggregation.ts'
export * from './pre-activation.ts'
export * from './spatial-pyramid.ts'
export * from './squeeze-excite.ts'
export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
export { type Branch, Branches, type BranchStep, Concurrent, chain } from './branches.ts'
export {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  ConvNormActSequence,
  type NormLayer,
  samePadding,
} from './conv-norm-act.ts'
export { ConvNormPReLU, type ConvNormPReLUOptions, NormPReLU } from './conv-norm-prelu.ts'
export {
  AuxiliaryClassifier,
  type AuxiliaryClassifierOptions,
  Inception,
  type InceptionOptions,
  type InceptionUnit,
  type InceptionWidths,
  NaiveInception,
  plainUnit,
} from './inception.ts'
export {
  averagedUnit,
  type InceptionKernel,
  inceptionLine,
  inceptionMaxima,
  inceptionUnit,
  shrinkingLine,
  shrinkingUnit,
} from './inception-units.ts'
export { DropBlock } from './drop-block.ts'
export { type GeMOptions, GeMPool2d } from './gem.ts'
export {
  type DctFilterOptions,
  dctBank,
  dctFilters,
  filtersFirst,
  HarmonicConv2d,
  type HarmonicConv2dOptions,
  harmonicKernel,
} from './harmonic.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
export { walshHadamard } from './walsh-hadamard.ts'
