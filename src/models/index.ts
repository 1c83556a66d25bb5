export {
  type Adaptation,
  type AdaptedState,
  type AdaptOptions,
  adaptStateDict,
  loadAdapted,
} from './adapt.ts'
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
export {
  type FeatureInfo,
  type HeadOptions,
  type LoadedWeights,
  Network,
  type NetworkOptions,
} from './network.ts'
export type { WeightChoice } from './pretrained.ts'
export {
  createModel,
  hasModel,
  listModels,
  type ModelOptions,
  modelMetadata,
  modelOptions,
  type OptionKind,
  type PyramidOptions,
  type WeightOptions,
} from './registry.ts'
export { formatSummary, type LayerSummary, type ModelSummary, summary } from './summary.ts'
