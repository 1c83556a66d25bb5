export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
export {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  ConvNormActSequence,
  type NormLayer,
  samePadding,
} from './conv-norm-act.ts'
export { type Homography, HomographyWarp } from './homography-warp.ts'
export { SpatialPyramidPool2d } from './spatial-pyramid.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
export { walshHadamard } from './walsh-hadamard.ts'
