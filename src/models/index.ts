export { BottomPool, LeftPool, RightPool, TopPool } from './blocks/index.ts'
export { type CatalogueRow, catalogueRows } from './catalogue.ts'
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
  type PyramidOptions,
} from './registry.ts'
export { formatSummary, type LayerSummary, type ModelSummary, summary } from './summary.ts'
