import { composed } from '../../graph/composite.ts'
import { formatShape, ShapeError } from '../../graph/shape.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { localResponseNormKinds } from './options.ts'
import { applyTaps, range, tapsFor } from './taps.ts'

export interface LocalResponseNormOptions {
  readonly alpha?: number
  readonly beta?: number
  readonly k?: number
}

/**
 * x / (k + alpha / size * sum of squares over `size` neighbouring channels) ** beta (Krizhevsky et al., 2012; there alpha
 * is not divided by the size).
 */
export function localResponseNorm(x: Tensor, size: number, options: LocalResponseNormOptions = {}): Tensor {
  checkOptions('localResponseNorm', options, localResponseNormKinds)
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options
  if (x.rank < 3) {
    throw new ShapeError(
      `localResponseNorm: needs [n, c, ...] with rank 3 at least, got ${formatShape(x.shape)}`,
    )
  }
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`localResponseNorm: the size must be an integer >= 1, got ${size}`)
  }
  const channels = x.shape[1]!
  const taps = tapsFor(`localResponse(${size},${alpha})`, channels, channels, (channel) => {
    const first = channel - Math.floor(size / 2)
    return range(Math.max(first, 0), Math.min(first + size, channels), alpha / size)
  })
  const y = x.div(applyTaps('localResponseNorm', x.mul(x), 1, taps).add(k).pow(beta))
  return composed(y, 'localResponseNorm', [x], { size, alpha, beta, k })
}
