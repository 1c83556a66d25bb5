export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
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
  type NormLayer,
  samePadding,
} from './conv-norm-act.ts'
export {
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
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
