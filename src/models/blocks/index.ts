export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
export {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  ConvNormActSequence,
  type NormLayer,
  samePadding,
} from './conv-norm-act.ts'
export { BottomPool, LeftPool, RightPool, TopPool } from './corner-pool.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
