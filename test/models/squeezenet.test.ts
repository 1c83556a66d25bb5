import { expect, it } from 'vitest'
import { createModel, summary } from '../../src/models/index.ts'
import { Fire } from '../../src/models/squeezenet.ts'
import { Conv2d } from '../../src/nn/index.ts'
import { ones, zeros } from '../../src/tensor/index.ts'

it.each([
  ['squeezenet1_0', true, 861_339_936, 15],
  ['squeezenet1_0', false, 818_924_576, 13],
  ['squeezenet1_1', false, 387_747_520, 14],
])('%s of Caffe (classifier padded: %s) takes %i multiply-accumulates', async (name, padded, macs, side) => {
  const network = await createModel(name, padded ? { padClassifier: true } : {})
  const size = padded || name === 'squeezenet1_1' ? 227 : 224
  const { macs: counted, layers } = summary(network.eval(), [1, 3, size, size])
  expect(counted).toBe(macs)
  expect(layers.find((layer) => layer.name === 'classifier.1')!.outputShape).toEqual([1, 1000, side, side])
})

it('keeps the padding of the classifier for other classes', async () => {
  const network = await createModel('squeezenet1_0', { padClassifier: true })
  network.resetClassifier(5)
  expect((network.getSubmodule('classifier.1') as Conv2d).padding).not.toBe(0)
  expect(network.eval().forward(zeros([1, 3, 64, 64])).shape).toEqual([1, 5])
})

it("joins a fire module's 1x1 half before its 3x3 half", async () => {
  const fire = new Fire(2, 1, 3)
  for (const layer of fire.modules()) {
    if (!(layer instanceof Conv2d)) continue
    layer.weight.load(new Float32Array(layer.weight.size).fill(1))
    layer.bias!.load(new Float32Array(layer.bias!.size))
  }
  // Each squeezed pixel is 2: the 1x1 half repeats it, the 3x3 half sums four of them in a corner.
  const y = await fire.forward(ones([1, 2, 2, 2])).data()
  expect([...y]).toEqual([...Array(12).fill(2), ...Array(12).fill(8)])
})
