/** What differs between the versions of ONNX's default operator set that are written: 13 to 21. */

/** The version of the file's format that came with each version of the operator set. */
const irVersions: ReadonlyMap<number, number> = new Map([
  [13, 7],
  [14, 7],
  [15, 8],
  [16, 8],
  [17, 8],
  [18, 8],
  [19, 9],
  [20, 9],
  [21, 10],
])

/** The version of the operator set that export uses unless told otherwise: old enough for every runtime in use. */
export const defaultOpset = 17

/** Throws a RangeError for an operator set that is not written. */
export function checkOpset(opset: number): void {
  if (irVersions.has(opset)) return
  const known = [...irVersions.keys()]
  throw new RangeError(`ONNX opset ${opset} is not written; choose one of ${known[0]} to ${known.at(-1)}`)
}

/** The version of the file's format for a version of the operator set; for unknown ones that of the nearest below. */
export function irVersionOf(opset: number): number {
  const below = [...irVersions].filter(([known]) => known <= opset).at(-1)
  return below?.[1] ?? 7
}

/** The first version of the operator set in which an operator is as it is written here. */
export const since = {
  /** Trained normalization, and running statistics as further outputs. */
  trainingBatchNormalization: 14,
  hardSwish: 14,
  /** GridSample itself, and `reduction` of ScatterElements. */
  gridSample: 16,
  scatterReduction: 16,
  layerNormalization: 17,
  /** Axes of reductions other than ReduceSum as an input rather than an attribute. */
  reductionAxesInput: 18,
  mish: 18,
  gelu: 20,
  /** GridSample's modes are called linear and cubic. */
  gridSampleLinear: 20,
  /** With scale and bias for each channel. */
  groupNormalization: 21,
} as const
