export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
export { type Branch, Branches, type BranchStep, Concurrent, chain } from './branches.ts'
export { BatchNormAct2d } from './batch-norm-act.ts'
export {
  evenAndOddChannels,
  initializeShuffleNet,
  initializeShuffleNetClassifier,
  shuffleUnitBranch,
  shuffleUnitProjection,
} from './channel-shuffle.ts'
export {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  ConvNormActSequence,
  type ConvPadding,
  type NormLayer,
  paddingOf,
  samePadding,
} from './conv-norm-act.ts'
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
export { SpatialPyramidPool2d } from './spatial-pyramid.ts'
  DenseBlock,
  DenseLayer,
  type DenseLayerOf,
  type DenseLayerOptions,
  Transition,
} from './dense.ts'
  ConvBnAct,
  DepthwiseSeparable,
  type DepthwiseSeparableOptions,
  InvertedResidual,
  type InvertedResidualOptions,
  type KernelSizes,
  type MobileBlockOptions,
  type SqueezeOptions,
} from './inverted-residual.ts'
export { MixedConv2d, type MixedConv2dOptions, splitChannels } from './mixed-conv.ts'
  initializeByFanOut,
  initializeClassifierByFanOut,
  type MobileChoice,
  type MobileLayer,
  type MobileStage,
  mobileFeatureInfo,
  mobileLayers,
} from './mobile-search.ts'
export { type GeMOptions, GeMPool2d } from './gem.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
