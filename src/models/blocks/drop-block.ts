import { F, Module } from '../../nn/index.ts'
import { rand, type Tensor } from '../../tensor/index.ts'

/**
 * DropBlock (Ghiasi et al. 2018) as TensorFlow's networks have it: in training squares of the map are zeroed, the same ones
 * for all images of the batch, and the rest is scaled up. Squares larger than the map become as large as the map.
 */
export class DropBlock extends Module {
  /** The share of the map that is dropped, before `gammaScale`. */
  p: number
  readonly blockSize: number
  readonly gammaScale: number

  constructor(p: number, blockSize = 7, gammaScale = 1) {
    super()
    this.p = p
    this.blockSize = blockSize
    this.gammaScale = gammaScale
  }

  override forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x
    const [, channels, height, width] = x.shape as [number, number, number, number]
    const size = Math.min(this.blockSize, height, width)
    const [rows, columns] = [height - size + 1, width - size + 1]
    const gamma = (this.gammaScale * this.p * height * width) / size ** 2 / (rows * columns)
    const centres = rand([1, channels, rows, columns]).lt(gamma).float()
    const before = size - 1 - Math.floor((size - 1) / 2)
    const after = size - 1 - before
    const padded = F.pad(centres, [before, after, before, after])
    const dropped = F.maxPool2d(F.pad(padded, [after, before, after, before]), size, { stride: 1 })
    const kept = dropped.neg().add(1)
    return x.mul(kept).mul(kept.mean().add(1e-8).reciprocal())
  }
}
