import type { ConvAlgorithm, ConvGeometry } from './program.ts'

/** What the compiler asks of the kernels it compiles for. */
export interface Target {
  readonly convCosts: ConvCosts
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

/**
 * What the algorithms of a convolution cost besides their multiply-adds, in multiply-adds at the speed of a matrix product:
 * they weigh algorithms against each other, and threads, clock and vector width change most of them alike.
 */
export interface ConvCosts {
  /** Of an element of a packed weight that comes from memory. */
  readonly streamed: number
  /** Of an element of a packed weight that is made in the run. */
  readonly packing: number
  /** Of the transforms of a tile and channel, in or out, of Winograd's algorithms of 2x2 and 4x4 results. */
  readonly winogradF2Transform: number
  readonly winogradF4Transform: number
  /** Of a multiply-add of the gradient of a weight, whose patches are packed for each block; and of Winograd's. */
  readonly weightGrad: number
  readonly winogradWeightGrad: number
}

/** Measured on two cores of a Zen 4 server, of which a thread has some 16 GB/s for 59 G multiply-adds. */
export const builtInConvCosts: ConvCosts = {
  streamed: 15,
  packing: 25,
  winogradF2Transform: 97,
  winogradF4Transform: 310,
  weightGrad: 1.8,
  winogradWeightGrad: 1.2,
}

/** What a convolution, or one of its gradients, has to do. */
export interface ConvWork {
  readonly direction: 'forward' | 'inputGrad' | 'weightGrad'
  readonly geometry: ConvGeometry
  readonly outChannels: number
  readonly inChannels: number
  readonly images: number
  /** Of the image that is computed (forward, inputGrad) or whose gradient is given (weightGrad). */
  readonly height: number
  readonly width: number
  /** y is as high and wide as x. */
  readonly sameSize: boolean
  /** The weight is packed before the run, not in it. */
  readonly packed: boolean
  /**
   * Its result decides, by its sign, where gradients flow in the same program: then it must be as exact as a matrix product
   * (docs/decisions/0007). False unless given.
   */
  readonly differentiated?: boolean
}

/** Where several algorithms compute a convolution, the one to use. */
export function chooseConvAlgorithm(work: ConvWork, costs: ConvCosts): ConvAlgorithm {
  const { kernel, stride, padding, dilation, groups } = work.geometry
  if (groups > 1 && groups === work.inChannels && groups === work.outChannels) return 'depthwise'
  const one = ([a, b]: readonly [number, number]): boolean => a === 1 && b === 1
  if (groups > 1)
    return Math.max(work.inChannels, work.outChannels) <= 16 * groups ? 'grouped' : 'implicitGemm'
  if (one(kernel) && one(stride) && work.sameSize && padding[0] === 0 && padding[1] === 0) return 'pointwise'
  if (kernel[0] !== 3 || kernel[1] !== 3 || !one(stride) || !one(dilation)) return 'implicitGemm'
  let best: FilterAlgorithm = 'implicitGemm'
  const tiles = work.differentiated ? (['winogradF2'] as const) : (['winogradF2', 'winogradF4'] as const)
  for (const algorithm of tiles) {
    if (filterCost(work, algorithm, costs) < filterCost(work, best, costs)) best = algorithm
  }
  return best
}

/** What computes a 3x3 convolution of stride 1. */
export type FilterAlgorithm = 'implicitGemm' | 'winogradF2' | 'winogradF4'

/** What such a convolution costs, in multiply-adds. */
export function filterCost(work: ConvWork, algorithm: FilterAlgorithm, costs: ConvCosts): number {
  if (algorithm === 'implicitGemm') return directCost(work, costs)
  return winogradCost(work, algorithm === 'winogradF2' ? 2 : 4, costs)
}

function directCost(work: ConvWork, costs: ConvCosts): number {
  const { images, height, width, direction } = work
  const weights = 9 * work.inChannels * work.outChannels
  const pixels = images * height * width
  if (direction === 'weightGrad') return costs.weightGrad * weights * pixels
  return weights * (Math.max(pixels, costs.streamed) + (work.packed ? 0 : costs.packing))
}

function winogradCost(work: ConvWork, tile: 2 | 4, costs: ConvCosts): number {
  const { direction, inChannels, outChannels } = work
  const tiles = winogradTiles(work, tile)
  const weights = winogradWeights(inChannels, outChannels, tile)
  const transform = tile === 2 ? costs.winogradF2Transform : costs.winogradF4Transform
  const transformed = tiles * (vectors(inChannels) + vectors(outChannels)) * transform
  if (direction === 'weightGrad') {
    return weights * (costs.winogradWeightGrad * tiles + 2 * costs.streamed) + transformed
  }
  return weights * (Math.max(tiles, costs.streamed) + (work.packed ? 0 : costs.packing)) + transformed
}

/** How many tiles of tile x tile results cover the images. */
export function winogradTiles(
  { images, height, width }: Pick<ConvWork, 'images' | 'height' | 'width'>,
  tile: 2 | 4,
): number {
  return images * Math.ceil(height / tile) * Math.ceil(width / tile)
}

/** Elements of a transformed weight. Vectors of channels are computed whole. */
export function winogradWeights(inChannels: number, outChannels: number, tile: 2 | 4): number {
  return (tile + 2) ** 2 * vectors(inChannels) * vectors(outChannels)
}

function vectors(channels: number): number {
  return Math.ceil(channels / 16) * 16
}
