import { expect, it } from 'vitest'
import { DropBlock } from '../../src/models/blocks/index.ts'
import { createModel, summary } from '../../src/models/index.ts'
import { manualSeed, ones } from '../../src/tensor/index.ts'

it('DropBlock zeroes squares, the same ones in all images, and keeps the mean', async () => {
  manualSeed(3)
  const layer = new DropBlock(0.2, 3)
  const x = ones([2, 50, 12, 12])
  const y = layer.forward(x)
  const [first, second] = y.unbind(0) as [typeof y, typeof y]
  expect(await first.sub(second).abs().max().item()).toBe(0)
  expect(await y.mean().item()).toBeCloseTo(1, 4)
  const dropped = await y.eq(0).float().mean().item()
  expect(dropped).toBeGreaterThan(0.12)
  expect(dropped).toBeLessThan(0.25)
  // A dropped pixel at the edge of the map is part of a whole square.
  const rows = (await first.eq(0).float().sum(2).toArray()) as number[][]
  for (const counts of rows) for (const count of counts) expect(count === 0 || count >= 3).toBe(true)
  layer.eval()
  expect(layer.forward(x)).toBe(x)
})

it('DropBlock takes maps that are smaller than its squares', async () => {
  const values = await new DropBlock(0.5, 7).forward(ones([1, 200, 2, 3])).data()
  expect(values.every(Number.isFinite)).toBe(true)
})

it('operations are those of the paper, without the blurring, which is a mean here', async () => {
  const network = await createModel('assemble_resnet50')
  const { macs } = summary(network.eval(), [1, 3, 224, 224])
  expect(Math.abs(macs / 5_727_333_120 - 1)).toBeLessThan(1e-3)
})
