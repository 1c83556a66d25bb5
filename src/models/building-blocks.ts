export { BigLittleBlock } from './big-little.ts'
export * from './blocks/index.ts'
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
export {
  type DarknetActivation,
  type DarknetConfig,
  type DarknetSection,
  parseDarknetConfig,
} from './darknet-config.ts'
export { createDarknet, DarknetClassifier, DarknetDetector, type DarknetOptions } from './darknet-network.ts'
export type { DarknetBoxes } from './darknet-sections.ts'
export { captchaAlphabets } from './deep-captcha.metadata.ts'
export { DiceUnit, DimConv } from './dicenet.ts'
export { DualPathBlock } from './dpn.ts'
export { EESP } from './espnetv2.ts'
export { FractalBlock } from './fractal-block.ts'
export type { FractalNet } from './fractalnet.ts'
export { Hourglass } from './hourglass.ts'
export { McKernelFeatures } from './mckernel.ts'
export { MarginLoss, MultiGrainLoss } from './multigrain-loss.ts'
export { pcaWhitening } from './multigrain-whitening.ts'
export { type OverFeat, parameterLayout } from './overfeat.ts'
export { BasicBlock, Bottleneck } from './resnet.ts'
export { ShuffleUnit } from './shufflenet.ts'
export { ShuffleUnitV2 } from './shufflenet-v2.ts'
export { Fire } from './squeezenet.ts'
export { type CameraSetup, cameraSetups } from './unetxst-cameras.ts'
export { SeparableConv2d } from './xception.ts'
