export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
export * from './attention/index.ts'
export { BlurPool2d, type BlurPool2dOptions } from './blur-pool.ts'
export { ClassifierHead } from './classifier-head.ts'
export {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  ConvNormActSequence,
  type NormLayer,
  samePadding,
  zeroWeight,
} from './conv-norm-act.ts'
export { PreActivatedConv, type PreActivatedConvOptions, PreActivation } from './pre-activation.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
