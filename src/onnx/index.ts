export type { Call, CallContext, Operator, Operators } from './call.ts'
export { unsupportedOperators } from './check.ts'
export type { Constants } from './constants.ts'
export { DataDependentError, GraphError, UnsupportedError } from './errors.ts'
export { type ExportOptions, exportOnnx } from './export.ts'
export { FixedBatchError } from './export-dimensions.ts'
export type { Forward } from './export-trace.ts'
export { createGraphNetwork, GraphNetwork } from './graph-network.ts'
export {
  type Attribute,
  type Attributes,
  type ElementType,
  elementTypes,
  type Graph,
  type GraphModel,
  type GraphNode,
  type GraphValue,
} from './model.ts'
export { type SupportedOperator, supportedOperators } from './operators/index.ts'
export { readOnnx } from './read.ts'
export { readTensorFile } from './read-tensor.ts'
export { unsupportedReasons } from './unsupported.ts'
export { HostValue, type Value } from './value.ts'
export { type ExternalData, type OnnxFiles, onnxChunks } from './write.ts'
