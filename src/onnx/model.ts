import type { StoredDType, StoredTensor } from '../weights/index.ts'

/**
 * A network as a graph of ONNX operators, without Ocelli's modules: what an .onnx file holds, and the form into which the
 * readers of other formats that store whole networks (Keras, TensorFlow Lite and .js, Caffe, ncnn, Darknet) translate
 * theirs. Tensors are as ONNX wants them: images [n, c, h, w], weights of convolutions [out, in / groups, kh, kw].
 */
export interface GraphModel {
  /** The version of the default operator set that the nodes are meant for. */
  readonly opset: number
  readonly graph: Graph
  /** Text that the file carries beside the network: `metadata_props` of ONNX. */
  readonly metadata: Readonly<Record<string, string>>
  /** The program that wrote the file; empty if it does not say. */
  readonly producer: string
}

export interface Graph {
  readonly name: string
  /** In an order in which every node comes after those whose outputs it takes. */
  readonly nodes: readonly GraphNode[]
  /** What has to be given: graph inputs that are no initializers. */
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  /** Weights and constants by name, in the order of the file. Their names are those of the state dict. */
  readonly initializers: ReadonlyMap<string, StoredTensor>
}

export interface GraphNode {
  /** For messages; may be empty. */
  readonly name: string
  /** The operator, such as Conv. */
  readonly op: string
  /** '' for the operators of ONNX itself. */
  readonly domain: string
  /** Names of values; '' for an optional input that is left out. */
  readonly inputs: readonly string[]
  /** Names of values; '' for an output that nobody takes. */
  readonly outputs: readonly string[]
  readonly attributes: Attributes
}

export type Attributes = Readonly<Record<string, Attribute>>

/** An attribute with its type, which ONNX keeps apart even where a number would do for both. */
export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: StoredTensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }

export const int = (value: number): Attribute => ({ type: 'int', value })
export const float = (value: number): Attribute => ({ type: 'float', value })
export const string = (value: string): Attribute => ({ type: 'string', value })
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value })

/** The name, element type and shape of an input or output. */
export interface GraphValue {
  readonly name: string
  /** The name of the type in ONNX, such as FLOAT or INT64; null where the file does not say. */
  readonly type: ElementType | null
  /** A number, or the name of a dimension that is free (such as the batch); null where the file does not say. */
  readonly shape: readonly (number | string | null)[] | null
}

/** Element types by their names in ONNX, with their numbers there. */
export const elementTypes = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E5M2: 19,
} as const

export type ElementType = keyof typeof elementTypes

/** The element type in ONNX of what weight files hold under their own names. */
export const elementTypeOfStored: { readonly [S in StoredDType]: ElementType } = {
  F64: 'DOUBLE',
  F32: 'FLOAT',
  F16: 'FLOAT16',
  BF16: 'BFLOAT16',
  F8_E4M3: 'FLOAT8E4M3FN',
  F8_E5M2: 'FLOAT8E5M2',
  C64: 'COMPLEX64',
  I64: 'INT64',
  I32: 'INT32',
  I16: 'INT16',
  I8: 'INT8',
  U64: 'UINT64',
  U32: 'UINT32',
  U16: 'UINT16',
  U8: 'UINT8',
  BOOL: 'BOOL',
}
