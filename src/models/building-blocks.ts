export type { BigLittleBlockOptions } from './big-little.ts'
export { BigLittleBlock } from './big-little.ts'
export type { ChannelAttention, SpatialAttention } from './blocks/attention/cbam.ts'
export type { ChannelLayerNorm, ConvMlp } from './blocks/attention/conv-mlp.ts'
export type { SelectiveKernelAttention } from './blocks/attention/selective-kernel.ts'
export * from './blocks/index.ts'
export type { ChexnetLossOptions } from './chexnet.ts'
export { chexnetLoss } from './chexnet.ts'
export { CornerPooling } from './cornernet.ts'
export {
  type CornerDetection,
  type CornerMaps,
  type DecodeCornersOptions,
  decodeCorners,
} from './cornernet-decode.ts'
export {
  type CornerLossWeights,
  type CornerTargets,
  cornerFocalLoss,
  cornerNetLoss,
  cornerOffsetLoss,
  cornerTagLoss,
} from './cornernet-loss.ts'
export type { DarknetBoxes } from './darknet-boxes.ts'
export { createDarknet, DarknetClassifier, DarknetDetector, type DarknetOptions } from './darknet-network.ts'
export type { DeepCaptchaName } from './deep-captcha.metadata.ts'
export { captchaAlphabets } from './deep-captcha.metadata.ts'
export { DiceUnit, DimConv } from './dicenet.ts'
export type { BlockSpec as DualPathBlockSpec, NormAct, NormActConv } from './dpn.ts'
export { DualPathBlock } from './dpn.ts'
export type { HierarchicalBranches } from './espnetv2.ts'
export { EESP } from './espnetv2.ts'
export type { Paths as FractalPaths, Style as FractalStyle } from './fractal-block.ts'
export { FractalBlock } from './fractal-block.ts'
export type { FractalNet } from './fractalnet.ts'
export type { FireModule, HourglassResidual, HourglassSpec } from './hourglass.ts'
export { Hourglass } from './hourglass.ts'
export type { McKernelFeatureOptions } from './mckernel.ts'
export { McKernelFeatures } from './mckernel.ts'
export type { MarginLossOptions, MultiGrainLossOptions } from './multigrain-loss.ts'
export { MarginLoss, MultiGrainLoss } from './multigrain-loss.ts'
export type { Whitening } from './multigrain-whitening.ts'
export { pcaWhitening } from './multigrain-whitening.ts'
export type { RawParameter } from './overfeat.ts'
export { type OverFeat, parameterLayout } from './overfeat.ts'
export type { BlockSpec as ResNetBlockSpec } from './resnet.ts'
export { BasicBlock, Bottleneck } from './resnet.ts'
export type { ShuffleUnitOptions } from './shufflenet.ts'
export { ShuffleUnit } from './shufflenet.ts'
export { ShuffleUnitV2 } from './shufflenet-v2.ts'
export { Fire } from './squeezenet.ts'
export type { UNetXSTName } from './unetxst.metadata.ts'
export { type CameraSetup, cameraSetups } from './unetxst-cameras.ts'
export { SeparableConv2d } from './xception.ts'
