export { unsupportedOperators } from './check.ts'
export { DataDependentError, GraphError } from './errors.ts'
export { createGraphNetwork, GraphNetwork } from './graph-network.ts'
export type {
  Attribute,
  Attributes,
  ElementType,
  Graph,
  GraphModel,
  GraphNode,
  GraphValue,
} from './model.ts'
export { HostValue } from './value.ts'
