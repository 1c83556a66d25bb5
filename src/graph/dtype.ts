/** Element types. float64 is computed by the reference backend only. */
export type DType = 'float32' | 'float64' | 'int32' | 'uint8' | 'bool'

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array

interface DTypeInfo {
  readonly bytes: number
  readonly floating: boolean
  /** Position in the promotion order: a binary op yields the higher of its operands' dtypes. */
  readonly rank: number
  readonly create: (length: number) => TypedArray
}

export const dtypes: { readonly [D in DType]: DTypeInfo } = {
  bool: { bytes: 1, floating: false, rank: 0, create: (n) => new Uint8Array(n) },
  uint8: { bytes: 1, floating: false, rank: 1, create: (n) => new Uint8Array(n) },
  int32: { bytes: 4, floating: false, rank: 2, create: (n) => new Int32Array(n) },
  float32: { bytes: 4, floating: true, rank: 3, create: (n) => new Float32Array(n) },
  float64: { bytes: 8, floating: true, rank: 4, create: (n) => new Float64Array(n) },
}

export function isFloating(dtype: DType): boolean {
  return dtypes[dtype].floating
}

/** The dtype of a binary op's result, as PyTorch promotes: bool < uint8 < int32 < float32 < float64. */
export function promote(a: DType, b: DType): DType {
  return dtypes[a].rank >= dtypes[b].rank ? a : b
}

/** The dtype a typed array holds when none is named. */
export function dtypeOfArray(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'float32'
  if (array instanceof Float64Array) return 'float64'
  if (array instanceof Int32Array) return 'int32'
  return 'uint8'
}
