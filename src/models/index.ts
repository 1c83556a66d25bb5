export type { ModelMetadata, WeightEntry } from './metadata.ts'
export { type FeatureInfo, type HeadOptions, Network, type NetworkOptions } from './network.ts'
export { createModel, hasModel, listModels, type ModelOptions, modelMetadata } from './registry.ts'
export { formatSummary, type LayerSummary, type ModelSummary, summarize } from './summary.ts'
