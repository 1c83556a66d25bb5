export { type Homography, HomographyWarp, SpatialPyramidPool2d, walshHadamard } from './blocks/index.ts'
export { type CatalogueRow, catalogueRows } from './catalogue.ts'
export { captchaAlphabets } from './deep-captcha.metadata.ts'
export {
  freezeBackbone,
  frozenNormalization,
  type LayerGroup,
  layerGroups,
  type ParameterGroup,
  type ParameterGroupOptions,
  parameterGroups,
  unfreezeStages,
} from './fine-tuning.ts'
export type { FractalNet } from './fractalnet.ts'
export { type ClassLabel, classLabels, type LabelSet } from './labels.ts'
export {
  type ModelMetadata,
  type Paper,
  type PublishedAccuracy,
  publishedTop1,
  type WeightEntry,
  type WeightFormat,
} from './metadata.ts'
export { type FeatureInfo, type HeadOptions, Network, type NetworkOptions } from './network.ts'
export type { OverFeat } from './overfeat.ts'
export {
  createModel,
  hasModel,
  listModels,
  type ModelOptions,
  modelMetadata,
  modelOptions,
  type PyramidOptions,
} from './registry.ts'
export { formatSummary, type LayerSummary, type ModelSummary, summary } from './summary.ts'
export { type CameraSetup, cameraSetups } from './unetxst-cameras.ts'
