import { F } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'

/** Half of the resolution, the mean of 2x2: [batch, channels, height, width]; an odd side counts its last pixels twice. */
export function halved(x: Tensor): Tensor {
  const [height, width] = x.shape.slice(2) as [number, number]
  const odd = [0, width % 2, 0, height % 2]
  const even = (height % 2) + (width % 2) > 0 ? F.pad(x, odd, { mode: 'replicate' }) : x
  return F.avgPool2d(even, 2)
}

/** Twice the resolution, bilinear, cut to the height and width that `halved` was given. */
export function restored(x: Tensor, [height, width]: readonly [number, number]): Tensor {
  const doubled = F.interpolate(x, { scaleFactor: 2, mode: 'bilinear' })
  return doubled.narrow(2, 0, height).narrow(3, 0, width)
}
