import { expect, it } from 'vitest'
import { createModel, summary } from '../../src/models/index.ts'
import { BatchNorm2d, Conv2d, Dropout, Module, Sequential } from '../../src/nn/index.ts'
import { getDefaultGenerator, realize, type Tensor, tensor } from '../../src/tensor/index.ts'

async function buffersOf(model: Module): Promise<Record<string, unknown>> {
  const entries = model.namedBuffers().map(async ([name, buffer]) => [name, await buffer.toArray()] as const)
  return Object.fromEntries(await Promise.all(entries))
}

it('leaves the mode of every module, running statistics and random numbers as they were', async () => {
  const model = new Sequential(new Conv2d(1, 2, 3), new BatchNorm2d(2), new Dropout(0.5), new BatchNorm2d(2))
  model.get(3).eval()
  model.forward(
    tensor(
      Float32Array.from({ length: 72 }, (_, i) => i / 7),
      [2, 1, 6, 6],
    ),
  )
  await realize()
  const buffers = await buffersOf(model)
  const state = getDefaultGenerator().state()
  // One value for each channel, which training refuses.
  const counted = summary(model, [1, 1, 3, 3])
  await realize()
  expect(counted.macs).toBe(18)
  expect(await buffersOf(model)).toEqual(buffers)
  expect(getDefaultGenerator().state()).toEqual(state)
  expect(model.modules().map(({ training }) => training)).toEqual([true, true, true, true, false])
})

it('restores the modes when the network does not take the shape', async () => {
  const model = await createModel('resnet18')
  expect(() => summary(model, [1, 5, 64, 64])).toThrow(/5/)
  expect(model.modules().every(({ training }) => training)).toBe(true)
})

it('leaves a network that was evaluating evaluating', () => {
  class Doubling extends Module {
    conv = new Conv2d(1, 1, 1)
    override forward(x: Tensor): Tensor {
      return this.conv.forward(x).mul(2)
    }
  }
  const model = new Doubling().eval()
  expect(summary(model, [1, 1, 2, 2]).layers.map(({ name }) => name)).toEqual(['conv'])
  expect(model.modules().some(({ training }) => training)).toBe(false)
})
