export { oneHot } from '../../tensor/create.ts'
export * from './activation.ts'
export * from './adaptive-pooling.ts'
export type { Padding, Size2d } from './arguments.ts'
export * from './binary-loss.ts'
export * from './classification-loss.ts'
export * from './convolution.ts'
export * from './distance.ts'
export * from './dropout.ts'
export * from './grid.ts'
export * from './interpolate.ts'
export * from './linear.ts'
export * from './normalization.ts'
export * from './padding.ts'
export {
  type AvgPool2dOptions,
  avgPool2d,
  type MaxPool2dOptions,
  maxPool2d,
  maxPool2dWithIndices,
  type PooledWithIndices,
} from './pooling.ts'
export * from './rearrange.ts'
export type { LossOptions, Reduction } from './reduction.ts'
export * from './regression-loss.ts'
