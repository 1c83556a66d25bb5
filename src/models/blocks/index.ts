export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
export { BatchNormAct2d } from './batch-norm-act.ts'
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
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
