import { expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { DualPathBlock } from '../../src/models/dpn.ts'
import { noGrad, type Tensor, tensor } from '../../src/tensor/index.ts'

const images = (...shape: number[]): Tensor => tensor(signedOf('dpn', 'images', shape), shape)

it.each([false, true])(
  'a dual path block adds to the first channels and appends others (separate: %s)',
  async (separate) => {
    const spec = { width: 8, groups: 4, residual: 6, increment: 3, separate }
    const block = new DualPathBlock({ ...spec, inChannels: 10, projectionStride: null }).eval()
    const x = images(1, 10, 5, 4)
    const y = noGrad(() => block.forward(x))
    expect(y.shape).toEqual([1, 13, 5, 4])
    expect(await y.narrow(1, 6, 4).data()).toEqual(await x.narrow(1, 6, 4).data())
    expect(await y.narrow(1, 0, 6).data()).not.toEqual(await x.narrow(1, 0, 6).data())
    const first = new DualPathBlock({ ...spec, inChannels: 10, projectionStride: 2 }).eval()
    expect(first.forward(x).shape).toEqual([1, 6 + 3 * 3, 3, 2])
  },
)
