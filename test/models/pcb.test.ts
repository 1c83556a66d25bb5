import { expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { createModel } from '../../src/models/index.ts'
import type { LayumiPCB, PCB, RefinedPCB } from '../../src/models/pcb.ts'
import { noGrad, realize, type Tensor, tensor } from '../../src/tensor/index.ts'

const shape = [2, 3, 96, 48]
const images = tensor(signedOf('pcb', 'images', shape), shape)

it('a descriptor is six stripes of equal length, and that of a mirrored image is the same if both are seen', async () => {
  const network = (await createModel('pcb_resnet50', { numClasses: 5 })) as PCB
  network.eval()
  const [plain, both, mirrored] = noGrad(() => [
    network.descriptor(images),
    network.descriptor(images, { flip: true }),
    network.descriptor(images.flip(3), { flip: true }),
  ])
  await realize(plain!, both!, mirrored!)
  expect(plain!.shape).toEqual([2, 12288])
  const lengths = await plain!.reshape(2, 2048, 6).square().sum(1).data()
  for (const length of lengths) expect(length).toBeCloseTo(1 / 6, 5)
  const furthest = (x: Tensor, y: Tensor): Promise<number> => x.sub(y).abs().max().item()
  expect(await furthest(both!, mirrored!)).toBeLessThan(1e-5)
  expect(await furthest(plain!, both!)).toBeGreaterThan(1e-4)
})

it.each(['pcb_resnet50', 'pcb_resnet50_layumi'])(
  '%s classifies by the mean of the scores of its six parts',
  async (name) => {
    const network = (await createModel(name, { numClasses: 5 })) as PCB | LayumiPCB
    network.eval()
    const [mean, ...all] = noGrad(() => [network.forward(images), ...network.forwardAll(images)])
    const scores = all.filter(({ shape }) => shape[1] === 5)
    expect(scores).toHaveLength(6)
    const expected = noGrad(() => scores.reduce((a, b) => a.add(b)).div(6))
    await realize(mean!, expected)
    const difference = await mean!.sub(expected).abs().max().item()
    expect(difference).toBeLessThan(1e-5)
  },
)

it('refined parts share every place among them, and start from the weights of the plain network', async () => {
  const plain = await createModel('pcb_resnet50', { numClasses: 5 })
  const refined = (await createModel('pcb_rpp_resnet50', { numClasses: 5 })) as RefinedPCB
  const { missing, unexpected } = refined.loadStateDict(plain.stateDict(), { strict: false })
  expect(missing).toEqual(['local_mask.weight', 'local_mask.bias'])
  expect(unexpected).toEqual([])
  const masks = noGrad(() => refined.eval().masks(refined.forwardFeatures(images)))
  expect(masks.shape).toEqual([2, 6, 6, 3])
  for (const total of await masks.sum(1).data()) expect(total).toBeCloseTo(1, 5)
  await expect(createModel('pcb_rpp_resnet50', { dim: 300 })).rejects.toThrow('dim must divide 2048, got 300')
})

it('classifiers alone count in the loss', async () => {
  const weights = async (name: string): Promise<readonly number[]> => (await createModel(name)).lossWeights
  expect(await weights('pcb_resnet50')).toEqual([0, 1])
  expect(await weights('pcb_rpp_resnet50')).toEqual([0, 1, 1, 1, 1, 1, 1, 0])
  expect(await weights('pcb_resnet50_layumi')).toEqual([1])
})
