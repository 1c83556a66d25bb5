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
