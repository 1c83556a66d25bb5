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
}

/** Where several algorithms compute a convolution, the one to use. */
export function chooseConvAlgorithm(work: ConvWork): ConvAlgorithm {
  const { kernel, stride, padding, dilation, groups } = work.geometry
  if (groups > 1 && groups === work.inChannels && groups === work.outChannels) return 'depthwise'
  const one = ([a, b]: readonly [number, number]): boolean => a === 1 && b === 1
  if (groups > 1)
    return Math.max(work.inChannels, work.outChannels) <= 16 * groups ? 'grouped' : 'implicitGemm'
  if (one(kernel) && one(stride) && work.sameSize && padding[0] === 0 && padding[1] === 0) return 'pointwise'
  if (kernel[0] !== 3 || kernel[1] !== 3 || !one(stride) || !one(dilation)) return 'implicitGemm'
  let best: ConvAlgorithm = 'implicitGemm'
  let least = directCost(work)
  for (const algorithm of ['winogradF2', 'winogradF4'] as const) {
    const cost = winogradCost(work, algorithm === 'winogradF2' ? 2 : 4)
    if (cost < least) [best, least] = [algorithm, cost]
  }
  return best
}

// Costs are in multiply-adds of one thread at full speed, measured on two cores of a Zen 4 server: they weigh algorithms
// against each other, and threads, clock and vector width change all of them alike.

/** Of a weight that comes from memory: a thread has some 16 GB/s for 59 G multiply-adds. */
const streamed = 15
/** Of an element of a packed weight that is made in the run. */
const packing = 25
/** Of the transforms of a tile and channel, in or out. */
const transforms = { 2: 97, 4: 310 }

function directCost(work: ConvWork): number {
  const { images, height, width, direction } = work
  const weights = 9 * work.inChannels * work.outChannels
  const pixels = images * height * width
  // Patches are packed for each block of the gradient of the weight.
  if (direction === 'weightGrad') return 1.8 * weights * pixels
  return weights * (Math.max(pixels, streamed) + (work.packed ? 0 : packing))
}

function winogradCost(work: ConvWork, tile: 2 | 4): number {
  const { images, height, width, direction } = work
  const tiles = images * Math.ceil(height / tile) * Math.ceil(width / tile)
  // Vectors of channels are computed whole.
  const [inner, outer] = [vectors(work.inChannels), vectors(work.outChannels)]
  const weights = (tile + 2) ** 2 * inner * outer
  const transformed = tiles * (inner + outer) * transforms[tile]
  if (direction === 'weightGrad') return weights * (1.2 * tiles + 2 * streamed) + transformed
  return weights * (Math.max(tiles, streamed) + (work.packed ? 0 : packing)) + transformed
}

function vectors(channels: number): number {
  return Math.ceil(channels / 16) * 16
}
