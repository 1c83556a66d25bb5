import type { ConvAlgorithm, ConvGeometry } from './program.ts'

/** What the compiler asks of the kernels it compiles for. */
export interface Target {
  /** Bytes of a prepacked right operand [k, n] of a matrix product. */
  packedMatrixBytes(k: number, n: number): number
  /** Bytes of a prepacked convolution weight. */
  packedConvBytes(
    algorithm: ConvAlgorithm,
    geometry: ConvGeometry,
    outChannels: number,
    inChannels: number,
  ): number
}

/** Where several algorithms compute a convolution, the one to use. `sameSize`: y is as high and wide as x. */
export function chooseConvAlgorithm(
  geometry: ConvGeometry,
  outChannels: number,
  inChannels: number,
  sameSize: boolean,
): ConvAlgorithm {
  const { kernel, stride, padding, groups } = geometry
  if (groups > 1 && groups === inChannels && groups === outChannels) return 'depthwise'
  const single = kernel[0] === 1 && kernel[1] === 1
  const dense = sameSize && stride[0] === 1 && stride[1] === 1 && padding[0] === 0 && padding[1] === 0
  if (single && dense && groups === 1) return 'pointwise'
  return 'implicitGemm'
}
