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
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
