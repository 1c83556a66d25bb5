export { type CatalogueRow, catalogueRows } from './catalogue.ts'
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
export { namesFromKeras } from './keras-names.ts'
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
export {
  createModel,
  hasModel,
  listModels,
  type ModelOptions,
  modelMetadata,
  modelOptions,
  type OptionKind,
  type PyramidOptions,
} from './registry.ts'
export { formatSummary, type LayerSummary, type ModelSummary, summary } from './summary.ts'
