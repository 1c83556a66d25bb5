export * from './activation.ts'
export * from './batch-norm-act.ts'
export * from './branches.ts'
export * from './channel-shuffle.ts'
export * from './conv-norm-act.ts'
export * from './dense.ts'
export * from './gem.ts'
export * from './inception.ts'
export * from './inception-units.ts'
export * from './inverted-residual.ts'
export * from './mixed-conv.ts'
export * from './mobile-search.ts'
export * from './spatial-pyramid.ts'
export * from './squeeze-excite.ts'
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
export {
  DenseBlock,
  DenseLayer,
  type DenseLayerOf,
  type DenseLayerOptions,
  Transition,
} from './dense.ts'
export {
  OneShotAggregation,
  type OneShotAggregationNames,
  type OneShotAggregationOptions,
} from './one-shot-aggregation.ts'
  GhostBottleneck,
  type GhostBottleneckOptions,
  GhostModule,
  type GhostModuleOptions,
} from './ghost.ts'
export {
  ConvBnAct,
  DepthwiseSeparable,
  type DepthwiseSeparableOptions,
  InvertedResidual,
  type InvertedResidualOptions,
  type KernelSizes,
  type MobileBlockOptions,
  type SqueezeOptions,
} from './inverted-residual.ts'
export { MBConv, type MBConvOptions } from './mbconv.ts'
export { MixedConv2d, type MixedConv2dOptions, splitChannels } from './mixed-conv.ts'
  initializeByFanOut,
  initializeClassifierByFanOut,
  type MobileChoice,
  type MobileLayer,
  type MobileStage,
  mobileFeatureInfo,
  mobileLayers,
  mobileStageEnds,
} from './mobile-search.ts'
export { NumberedInvertedResidual } from './numbered-residual.ts'
export { PreActivatedConv, type PreActivatedConvOptions, PreActivation } from './pre-activation.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
