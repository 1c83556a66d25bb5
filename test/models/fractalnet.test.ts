import { beforeAll, describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { FractalBlock, type FractalNet, joinMask } from '../../src/models/fractalnet.ts'
import { createModel } from '../../src/models/index.ts'
import type { Module } from '../../src/nn/index.ts'
import { manualSeed, noGrad, type Tensor, tensor } from '../../src/tensor/index.ts'

const small = { widths: [4, 6], dropouts: [] }
const images = (batch: number): Tensor =>
  tensor(signedOf('fractalnet', 'images', [batch, 3, 8, 8]), [batch, 3, 8, 8])
const layer = (block: Module, level: number, column: number): Module =>
  block.getSubmodule(`blocks.block${level}.subblock${column + 1}`)

async function network(): Promise<FractalNet> {
  const built = (await createModel('fractalnet_cifar10', small)) as FractalNet
  return built.eval()
}

async function expectClose(a: Tensor, b: Tensor): Promise<void> {
  const [x, y] = [await a.data(), await b.data()]
  expect(x.length).toBe(y.length)
  for (const [i, value] of x.entries()) expect(value).toBeCloseTo(y[i]!, 5)
}

beforeAll(() => {
  manualSeed(3)
})

describe('FractalNet', () => {
  it.each([
    [1, 257_924],
    [2, 846_612],
    [3, 2_122_628],
    [4, 4_773_300],
    [5, 10_173_284],
    [6, 21_071_892],
  ])("with %i columns of the paper's narrow widths has %i parameters", async (numColumns, parameters) => {
    const widths = [16, 32, 64, 128, 128]
    const built = await createModel('fractalnet20_caffe_cifar10', { numColumns, widths, numClasses: 100 })
    expect(built.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(parameters)
  })

  it('evaluates with the shallowest column alone as the plain network of its layers', async () => {
    const whole = await network()
    const expected = noGrad(() => {
      let y = images(2)
      for (const unit of ['features.unit1', 'features.unit2'] as const) {
        const { pool, block } = whole.getSubmodule(unit) as Module & { pool: Module; block: Module }
        y = pool.forward(layer(block, 4, 2).forward(y))
      }
      return whole.forwardHead(y)
    })
    const all = noGrad(() => whole.forward(images(2)))
    whole.setColumns([2])
    await expectClose(
      noGrad(() => whole.forward(images(2))),
      expected,
    )
    whole.setColumns([0, 1, 2])
    await expectClose(
      noGrad(() => whole.forward(images(2))),
      all,
    )
    expect(await all.sub(expected).abs().max().item()).toBeGreaterThan(1e-3)
  })

  it('evaluates with two of three columns as their mean at the end', async () => {
    const block = new FractalBlock(3, 4, 3, 0, { caffe: false, affine: true, bias: false }).eval()
    block.columns = [0, 2]
    const chain = (levels: readonly number[], column: number): Tensor =>
      levels.reduce((y, level): Tensor => layer(block, level, column).forward(y), images(2))
    await expectClose(
      noGrad(() => block.forward(images(2))),
      noGrad(() =>
        chain([1, 2, 3, 4], 0)
          .add(chain([4], 2))
          .div(2),
      ),
    )
  })

  it('knows which columns there are', async () => {
    const whole = await network()
    expect(() => whole.setColumns([])).toThrow('columns are among 0..2, got []')
    expect(() => whole.setColumns([3])).toThrow('columns are among 0..2, got [3]')
  })

  it('trains with one column alone where the global share is all', async () => {
    const whole = (await createModel('fractalnet_cifar10', { ...small, globalDropRatio: 1 })) as FractalNet
    whole.train()
    const parameters = whole.namedParameters()
    whole.forward(images(1)).sum().backward()
    const used = new Set<number>()
    for (const [name, { grad }] of parameters) {
      const column = /unit1.*subblock(\d)\.bn\.bias$/.exec(name)?.[1]
      if (column !== undefined && grad && (await grad.abs().max().item()) > 0) used.add(Number(column))
    }
    expect(used.size).toBe(1)
  })

  it('drops inputs of joins with their probability, never all', async () => {
    const batch = 4000
    const column = tensor(Float32Array.from({ length: batch }, (_, i) => i % 3))
    const mask = joinMask(2, batch, { column, images: 1000, localDropProb: 0.3 })
    const [deep, shallow] = [[...(await mask.select(0, 0).data())], [...(await mask.select(0, 1).data())]]
    // Columns 0 and 1 end here, column 2 does not.
    for (let i = 0; i < 1000; i++)
      expect([deep[i], shallow[i]]).toEqual([i % 3 === 0 ? 1 : 0, i % 3 === 1 ? 1 : 0])
    const local = deep.slice(1000).map((value, i) => [value, shallow[1000 + i]!] as const)
    expect(local.every(([a, b]) => a + b > 0)).toBe(true)
    // Both kept: 0.7 ** 2. The deep one kept: 0.7, or both dropped and it spared, 0.09 / 2.
    const share = (kept: (pair: readonly [number, number]) => boolean): number =>
      local.filter(kept).length / local.length
    expect(Math.abs(share(([a, b]) => a + b === 2) - 0.49)).toBeLessThan(0.03)
    expect(Math.abs(share(([a]) => a === 1) - 0.745)).toBeLessThan(0.03)
  })
})
