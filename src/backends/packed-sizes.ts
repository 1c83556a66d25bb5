import type { ConvCosts, Target } from '../compiler/target.ts'
import { convAlgorithmCodes } from './encode.ts'

/** What compiled kernels, native or WebAssembly, say of the sizes of what they pack. */
export interface PackedSizes {
  packedMatrixBytes(k: number, n: number): number
  packedConvBytes(
    algorithm: number,
    kernelHeight: number,
    kernelWidth: number,
    groups: number,
    outChannels: number,
    inChannels: number,
  ): number
}

/** Compiled kernels as the target of the compiler. */
export function targetOf(kernels: PackedSizes, convCosts: ConvCosts): Target {
  return {
    convCosts,
    packedMatrixBytes: (k, n) => kernels.packedMatrixBytes(k, n),
    packedConvBytes: (algorithm, { kernel, groups }, outChannels, inChannels) =>
      kernels.packedConvBytes(convAlgorithmCodes[algorithm], ...kernel, groups, outChannels, inChannels),
  }
}
