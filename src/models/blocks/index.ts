export { type Activation, type ActivationName, activationLayer, activationNames } from './activation.ts'
export {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  ConvNormActSequence,
  type NormLayer,
  samePadding,
} from './conv-norm-act.ts'
export { CrossStagePartial, type CrossStagePartialOptions } from './cross-stage-partial.ts'
export {
  DenseBlock,
  DenseLayer,
  type DenseLayerOf,
  type DenseLayerOptions,
  Transition,
} from './dense.ts'
export { halved, restored } from './elastic.ts'
export {
  OneShotAggregation,
  type OneShotAggregationNames,
  type OneShotAggregationOptions,
} from './one-shot-aggregation.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts'
