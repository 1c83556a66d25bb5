// What the options of every function take; the layers check theirs with the same tables when they are made.
import type { OptionKinds } from '../../tensor/options.ts'
import type { GeluOptions, SoftplusOptions } from './activation.ts'
import type {
  BinaryCrossEntropyOptions,
  BinaryCrossEntropyWithLogitsOptions,
  SigmoidFocalLossOptions,
} from './binary-loss.ts'
import type { CrossEntropyOptions, NllLossOptions } from './classification-loss.ts'
import type { Conv1dOptions, Conv2dOptions, ConvTranspose2dOptions } from './convolution.ts'
import type { CosineSimilarityOptions, NormalizeOptions, PairwiseDistanceOptions } from './distance.ts'
import type { DropoutOptions, DropPathOptions } from './dropout.ts'
import type { GridOptions, GridSampleOptions } from './grid.ts'
import type { InterpolateOptions } from './interpolate.ts'
import type { LocalResponseNormOptions } from './local-response.ts'
import type { AffineOptions, BatchNormOptions, InstanceNormOptions } from './normalization.ts'
import type { PadOptions } from './padding.ts'
import type { AvgPool2dOptions, MaxPool2dOptions } from './pooling.ts'
import type { UnfoldOptions } from './rearrange.ts'
import type { LossOptions } from './reduction.ts'
import type {
  HuberLossOptions,
  KlDivOptions,
  SmoothL1LossOptions,
  TripletMarginLossOptions,
} from './regression-loss.ts'

export const conv2dKinds: OptionKinds<Conv2dOptions> = {
  stride: 'any',
  padding: 'any',
  dilation: 'any',
  groups: 'count',
}
export const conv1dKinds: OptionKinds<Conv1dOptions> = {
  stride: 'count',
  padding: 'any',
  dilation: 'count',
  groups: 'count',
}
export const convTranspose2dKinds: OptionKinds<ConvTranspose2dOptions> = {
  stride: 'any',
  padding: 'any',
  outputPadding: 'any',
  dilation: 'any',
  groups: 'count',
}

export const maxPool2dKinds: OptionKinds<MaxPool2dOptions> = {
  stride: 'any',
  padding: 'any',
  dilation: 'any',
  ceilMode: 'flag',
}
export const avgPool2dKinds: OptionKinds<AvgPool2dOptions> = {
  stride: 'any',
  padding: 'any',
  ceilMode: 'flag',
  countIncludePad: 'flag',
  divisorOverride: 'number',
}

const affineKinds: OptionKinds<AffineOptions> = { weight: 'any', bias: 'any', eps: 'number' }
export const groupNormKinds: OptionKinds<AffineOptions> = affineKinds
export const layerNormKinds: OptionKinds<AffineOptions> = affineKinds
export const batchNormKinds: OptionKinds<BatchNormOptions> = {
  ...affineKinds,
  runningMean: 'any',
  runningVar: 'any',
  training: 'flag',
  momentum: 'any',
  numBatchesTracked: 'any',
}
export const instanceNormKinds: OptionKinds<InstanceNormOptions> = {
  ...affineKinds,
  runningMean: 'any',
  runningVar: 'any',
  useInputStats: 'flag',
  momentum: 'number',
}
export const localResponseNormKinds: OptionKinds<LocalResponseNormOptions> = {
  alpha: 'number',
  beta: 'number',
  k: 'number',
}

export const geluKinds: OptionKinds<GeluOptions> = { approximate: ['none', 'tanh'] }
export const softplusKinds: OptionKinds<SoftplusOptions> = { beta: 'number', threshold: 'number' }

export const dropoutKinds: OptionKinds<DropoutOptions> = { training: 'flag', generator: 'any' }
export const dropPathKinds: OptionKinds<DropPathOptions> = {
  ...dropoutKinds,
  mode: ['row', 'batch'],
  scaleByKeep: 'flag',
}

export const padKinds: OptionKinds<PadOptions> = {
  mode: ['constant', 'reflect', 'replicate', 'circular'],
  value: 'number',
}
export const unfoldKinds: OptionKinds<UnfoldOptions> = { stride: 'any', padding: 'any', dilation: 'any' }
export const interpolateKinds: OptionKinds<InterpolateOptions> = {
  size: 'any',
  scaleFactor: 'any',
  mode: ['nearest', 'nearestExact', 'linear', 'bilinear', 'trilinear', 'bicubic', 'area'],
  alignCorners: 'flag',
  antialias: 'flag',
}
export const affineGridKinds: OptionKinds<GridOptions> = { alignCorners: 'flag' }
export const gridSampleKinds: OptionKinds<GridSampleOptions> = {
  ...affineGridKinds,
  mode: ['bilinear', 'nearest', 'bicubic'],
  paddingMode: ['zeros', 'border', 'reflection'],
}

export const normalizeKinds: OptionKinds<NormalizeOptions> = { p: 'number', axis: 'number', eps: 'number' }
export const cosineSimilarityKinds: OptionKinds<CosineSimilarityOptions> = { axis: 'number', eps: 'number' }
export const pairwiseDistanceKinds: OptionKinds<PairwiseDistanceOptions> = {
  p: 'number',
  eps: 'number',
  keepdim: 'flag',
}

export const lossKinds: OptionKinds<LossOptions> = { reduction: ['none', 'mean', 'sum'] }
export const smoothL1LossKinds: OptionKinds<SmoothL1LossOptions> = { ...lossKinds, beta: 'number' }
export const huberLossKinds: OptionKinds<HuberLossOptions> = { ...lossKinds, delta: 'number' }
export const klDivKinds: OptionKinds<KlDivOptions> = {
  reduction: ['none', 'mean', 'sum', 'batchmean'],
  logTarget: 'flag',
}
export const tripletMarginLossKinds: OptionKinds<TripletMarginLossOptions> = {
  ...lossKinds,
  margin: 'number',
  p: 'number',
  eps: 'number',
  swap: 'flag',
}
export const nllLossKinds: OptionKinds<NllLossOptions> = {
  ...lossKinds,
  weight: 'any',
  ignoreIndex: 'number',
}
export const crossEntropyKinds: OptionKinds<CrossEntropyOptions> = {
  ...nllLossKinds,
  labelSmoothing: 'number',
}
export const binaryCrossEntropyKinds: OptionKinds<BinaryCrossEntropyOptions> = { ...lossKinds, weight: 'any' }
export const binaryCrossEntropyWithLogitsKinds: OptionKinds<BinaryCrossEntropyWithLogitsOptions> = {
  ...binaryCrossEntropyKinds,
  posWeight: 'any',
}
export const sigmoidFocalLossKinds: OptionKinds<SigmoidFocalLossOptions> = {
  ...lossKinds,
  alpha: 'number',
  gamma: 'number',
}
