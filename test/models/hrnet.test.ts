import { expect, it } from 'vitest'
import type { HRNet } from '../../src/models/hrnet.ts'
import { createModel, type Network } from '../../src/models/index.ts'
import { noGrad, tensor } from '../../src/tensor/index.ts'

const image = tensor(
  Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => Math.sin(i)),
  [1, 3, 64, 64],
)

it('gives the maps before the widening blocks where they are wanted', async () => {
  const network = (await createModel('hrnet_w18_small', { featureLocation: '' })) as HRNet
  network.eval()
  expect(network.featureInfo.map(({ name, channels, stride }) => [name, channels, stride])).toEqual([
    ['act1', 64, 2],
    ['stage4.0.fuse_layers.0', 16, 4],
    ['stage4.0.fuse_layers.1', 32, 8],
    ['stage4.0.fuse_layers.2', 64, 16],
    ['stage4.0.fuse_layers.3', 128, 32],
  ])
  const [fine, coarse] = noGrad(() => network.forwardPyramid(image, [1, 4]))
  expect([fine!.shape, coarse!.shape]).toEqual([
    [1, 16, 16, 16],
    [1, 128, 2, 2],
  ])
  // What the default gives is that of the same network after the widening blocks.
  const whole: Network = await createModel('hrnet_w18_small')
  whole.eval().loadStateDict(network.stateDict())
  const [expected] = noGrad(() => whole.forwardPyramid(image, [4]))
  const widened = noGrad(() => network.incre_modules.get(3).forward(coarse!))
  expect(await widened.data()).toEqual(await expected!.data())
  const pyramid = await createModel('hrnet_w18_small', { featureLocation: '', featuresOnly: true })
  expect(
    [...pyramid.stateDict().keys()].filter((name) => !/^(conv|bn|layer|transition|stage)/.test(name)),
  ).toEqual([])
})
