export type {
  Attribute,
  Attributes,
  ElementType,
  Graph,
  GraphModel,
  GraphNode,
  GraphValue,
} from './model.ts'
