export * from './activation.ts'
export * from './attention/index.ts'
export * from './batch-norm-act.ts'
export * from './blur-pool.ts'
export * from './branches.ts'
export * from './channel-shuffle.ts'
export * from './classifier-head.ts'
export * from './conv-norm-act.ts'
export * from './conv-norm-prelu.ts'
export * from './corner-pool.ts'
export * from './cross-stage-partial.ts'
export * from './dense.ts'
export * from './drop-block.ts'
export * from './elastic.ts'
export * from './gem.ts'
export * from './ghost.ts'
export * from './harmonic.ts'
export * from './homography-warp.ts'
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
export * from './walsh-hadamard.ts'
export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
export {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  ConvNormActSequence,
  type NormLayer,
  samePadding,
} from './conv-norm-act.ts'
export { DropBlock } from './drop-block.ts'
export { type GeMOptions, GeMPool2d } from './gem.ts'
export {
  type DctFilterOptions,
  dctBank,
  dctFilters,
  filtersFirst,
  HarmonicConv2d,
  harmonicKernel,
} from './harmonic.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
