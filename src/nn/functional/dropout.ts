import { composed } from '../../graph/composite.ts'
import { formatShape, type Shape, ShapeError } from '../../graph/shape.ts'
import { type RandomOptions, rand } from '../../tensor/create.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { dropoutKinds, dropPathKinds } from './options.ts'

export interface DropoutOptions extends Pick<RandomOptions, 'generator'> {
  /** Nothing is dropped otherwise. Default true, as in PyTorch's functional form. */
  readonly training?: boolean
}

function checkProbability(op: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${op}: the probability must be in 0..1, got ${p}`)
}

/** 1 with probability 1 - p, else 0. */
function kept(x: Tensor, p: number, shape: Shape, options: DropoutOptions): Tensor {
  const { generator } = options
  return rand(shape, generator ? { generator } : {})
    .ge(p)
    .to(x.dtype)
}

function drop(
  op: string,
  x: Tensor,
  p: number,
  shape: Shape,
  options: DropoutOptions,
  rescale = true,
): Tensor {
  checkProbability(op, p)
  if (!(options.training ?? true) || p === 0) return x
  if (p === 1) return x.mul(0)
  const mask = kept(x, p, shape, options)
  return x.mul(rescale ? mask.mul(1 / (1 - p)) : mask)
}

/** Zeroes elements with probability p and scales the others by 1 / (1 - p) (Srivastava et al., 2014). */
export function dropout(x: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor {
  checkOptions('dropout', options, dropoutKinds)
  return composed(drop('dropout', x, p, x.shape, options), 'dropout', [x], { probability: p })
}

/** Zeroes whole channels of [n, c, length]. */
export function dropout1d(x: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor {
  checkOptions('dropout1d', options, dropoutKinds)
  return dropChannels('dropout1d', x, p, options)
}

/** Zeroes whole channels of [n, c, h, w] (Tompson et al., 2015). */
export function dropout2d(x: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor {
  checkOptions('dropout2d', options, dropoutKinds)
  return dropChannels('dropout2d', x, p, options)
}

function dropChannels(op: string, x: Tensor, p: number, options: DropoutOptions): Tensor {
  if (x.rank < 2) {
    throw new ShapeError(`${op}: needs a batch with channels [n, c, ...], got ${formatShape(x.shape)}`)
  }
  return drop(
    op,
    x,
    p,
    x.shape.map((d, i) => (i < 2 ? d : 1)),
    options,
  )
}

export interface DropPathOptions extends DropoutOptions {
  /** 'row' decides for each sample, 'batch' for all at once. */
  readonly mode?: 'row' | 'batch'
  /** Divides what is kept by its probability; default true. */
  readonly scaleByKeep?: boolean
}

/** Stochastic depth (Huang et al., 2016): drops a residual branch with probability p, for each sample by default. */
export function dropPath(x: Tensor, p: number, options: DropPathOptions = {}): Tensor {
  checkOptions('dropPath', options, dropPathKinds)
  if (x.rank === 0) throw new ShapeError('dropPath: needs a batch, got a scalar')
  const shape = x.shape.map((d, i) => (i === 0 && options.mode !== 'batch' ? d : 1))
  return drop('dropPath', x, p, shape, options, options.scaleByKeep ?? true)
}

/** torchvision's name for dropPath, with its mode. */
export function stochasticDepth(
  x: Tensor,
  p: number,
  mode: 'row' | 'batch',
  options: DropoutOptions = {},
): Tensor {
  return dropPath(x, p, { ...options, mode })
}

/** Dropout that keeps mean and variance of inputs made by selu (Klambauer et al., 2017). */
export function alphaDropout(x: Tensor, p = 0.5, options: DropoutOptions = {}): Tensor {
  checkOptions('alphaDropout', options, dropoutKinds)
  checkProbability('alphaDropout', p)
  if (!(options.training ?? true) || p === 0) return x
  if (p === 1) return x.mul(0)
  const saturated = -1.7580993408473766
  const a = 1 / Math.sqrt((1 - p) * (1 + p * saturated ** 2))
  const mask = kept(x, p, x.shape, options)
  const replaced = mask
    .neg()
    .add(1)
    .mul(saturated * a)
    .add(-saturated * a * p)
  return x.mul(mask.mul(a)).add(replaced)
}
