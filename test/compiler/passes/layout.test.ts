import { describe, expect, it } from 'vitest'
import { useNhwc } from '../../../src/compiler/passes/layout.ts'
import { liveNodes } from '../../../src/compiler/passes/rewrite.ts'
import { deduplicate } from '../../../src/compiler/passes/rules.ts'
import type { Conv2dAttrs, Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, leaf, type OpCounts } from '../../support/pass-check.ts'

const attrs: Conv2dAttrs = {
  stride: [1, 1],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
  layout: 'nchw',
}
const conv = (x: Node, out = 4): Node =>
  g.conv2d(x, leaf([out, x.shape[1]!, 3, 3], { persistent: true }), attrs)

async function left(outputs: Node | readonly Node[]): Promise<OpCounts> {
  // An image that two ops read is moved for each; that these are equal is seen afterwards.
  const { counts, graph } = await checkPass(outputs, (recorded) => deduplicate(useNhwc(recorded)))
  const layouts = liveNodes(graph).flatMap(({ attrs }) => ('layout' in attrs ? [attrs.layout] : []))
  expect(layouts.filter((layout) => layout !== 'nhwc')).toEqual([])
  return counts
}

describe('images', () => {
  const x = leaf([2, 3, 6, 5])

  it('are moved once before convolutions and once after, through what lies between', async () => {
    const first = g.relu(g.add(conv(x), leaf([4, 1, 1])))
    const counts = await left(conv(g.mul(first, first)))
    expect(counts).toMatchObject({ conv2d: 2, permute: 2, relu: 1, add: 1, mul: 1 })
  })

  it('stay so for pools, concatenation, slices, padding and resampling', async () => {
    const y = conv(x)
    const pool = {
      kernel: [2, 2],
      stride: [2, 2],
      padding: [0, 0, 0, 0],
      dilation: [1, 1],
      outputSize: [3, 2],
    } as const
    const pooled = g.poolGather(y, g.maxPool2dIndices(y, { ...pool, layout: 'nchw' }))
    const joined = g.concat([pooled, g.flip(pooled, [2])], 1)
    const padded = g.pad(g.sliceAxis(joined, 1, 1, 7), [0, 0, 1, 0], [0, 0, 0, 2])
    const counts = await left(conv(padded))
    expect(counts).toMatchObject({ conv2d: 2, permute: 2, concat: 1, slice: 1, pad: 1, flip: 1 })
  })

  it('are not moved at all where the channels alone are kept', async () => {
    const mean = g.reduceSum(conv(x), [2, 3])
    const counts = await left(g.matmul(mean, leaf([4, 7])))
    expect(counts).toMatchObject({ conv2d: 1, reduceSum: 1, matmul: 1, permute: 1 })
  })

  it('of gradients, too', async () => {
    const y = conv(x)
    const weight = leaf([4, 3, 3, 3])
    const dx = g.conv2dInputGrad(y, weight, attrs, [6, 5])
    const dw = g.conv2dWeightGrad(x, y, attrs, [3, 3])
    // x and the gradient of x.
    expect(await left([dx, dw])).toMatchObject({
      conv2d: 1,
      conv2dInputGrad: 1,
      conv2dWeightGrad: 1,
      permute: 2,
    })
  })
})

it('a graph without images stays as it is', async () => {
  const [a, b] = [leaf([3, 4]), leaf([4, 5])]
  expect(await left(g.relu(g.matmul(a, b)))).toEqual({ matmul: 1, relu: 1 })
})

it('a product takes its operands transposed', async () => {
  const [a, b] = [leaf([3, 4]), leaf([5, 3])]
  const product = g.matmul(g.permute(a, [1, 0]), g.permute(b, [1, 0]))
  expect(await left(product)).toEqual({ matmul: 1 })
})

it('values follow the order of the largest operand', async () => {
  const x = leaf([2, 3, 4])
  const sum = g.add(g.permute(x, [2, 1, 0]), leaf([2]))
  expect(await left(g.reduceSum(sum, [0, 1, 2]))).toMatchObject({ add: 1, reduceSum: 1 })
  expect(await left(g.reduceSum(sum, [0, 1, 2]))).not.toHaveProperty('permute')
})
