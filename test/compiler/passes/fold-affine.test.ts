import { describe, expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/graph.ts'
import { constantNodes } from '../../../src/compiler/passes/constants.ts'
import { foldAffine } from '../../../src/compiler/passes/fold-affine.ts'
import { liveNodes } from '../../../src/compiler/passes/rewrite.ts'
import type { Conv2dAttrs, Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { batchNorm } from '../../../src/nn/functional/normalization.ts'
import { wrap } from '../../../src/tensor/tensor.ts'
import { checkPass, graphOf, leaf } from '../../support/pass-check.ts'

const attrs: Conv2dAttrs = {
  stride: [1, 2],
  padding: [1, 1, 0, 1],
  dilation: [1, 1],
  groups: 1,
  layout: 'nchw',
}

const parameter = (...shape: number[]): Node => leaf(shape, { persistent: true })

function normalized(y: Node, channels: number): Node {
  const [runningMean, weight, bias] = [0, 1, 2].map(() => wrap(parameter(channels))) as [never, never, never]
  const runningVar = wrap(g.abs(parameter(channels)))
  return batchNorm(wrap(y), { runningMean, runningVar, weight, bias }).node
}

/** What is computed in every run, other than from parameters. */
function varying(graph: Graph): string[] {
  const constant = constantNodes(graph)
  return liveNodes(graph).flatMap((node) => (constant.has(node) || node.op === 'input' ? [] : [node.op]))
}

async function left(node: Node): Promise<string[]> {
  return varying((await checkPass(node, foldAffine)).graph)
}

describe('batch normalization with running statistics', () => {
  it('goes into the convolution before it', async () => {
    const y = g.conv2d(leaf([2, 4, 5, 6]), parameter(3, 4, 3, 3), attrs)
    expect(await left(normalized(y, 3))).toEqual(['conv2d', 'add'])
  })

  it('merges with the bias of the convolution', async () => {
    const y = g.conv2d(leaf([2, 4, 5, 6]), parameter(6, 2, 3, 3), { ...attrs, groups: 2 })
    const biased = g.add(y, g.reshape(parameter(6), [1, 6, 1, 1]))
    expect(await left(normalized(biased, 6))).toEqual(['conv2d', 'add'])
  })

  it('goes into transposed convolutions, grouped ones too', async () => {
    for (const groups of [1, 2]) {
      const transposed = { ...attrs, groups, padding: [0, 0, 0, 0] } as const
      const x = leaf([2, 4, 3, 3])
      const y = g.conv2dInputGrad(x, parameter(4, 3, 3, 3), transposed, [5, 7])
      expect(await left(normalized(y, 3 * groups))).toEqual(['conv2dInputGrad', 'add'])
    }
  })

  it('goes into matrix products', async () => {
    const x = leaf([5, 4])
    expect(await left(normalized(g.matmul(x, parameter(3, 4), false, true), 3))).toEqual(['matmul', 'add'])
    expect(await left(normalized(g.matmul(x, parameter(4, 3)), 3))).toEqual(['matmul', 'add'])
  })

  it('stays where the batch decides or the product is used elsewhere', async () => {
    const y = g.conv2d(leaf([2, 4, 5, 6]), parameter(3, 4, 3, 3), attrs)
    const training = batchNorm(wrap(y), { training: true }).node
    expect(await left(training)).toContain('reduceSum')
    const { graph } = await checkPass([normalized(y, 3), g.exp(y)], foldAffine)
    expect(varying(graph)).toEqual(['conv2d', 'mul', 'add', 'exp'])
  })

  it('stays where the parameters are updated in the same run', () => {
    const weight = parameter(3, 4, 3, 3)
    const y = normalized(g.conv2d(leaf([2, 4, 5, 6]), weight, attrs), 3)
    const graph = foldAffine(graphOf([y, g.mul(weight, 0.9)], [null, weight]))
    expect(varying(graph)).toContain('mul')
    expect(varying(graph).filter((op) => op === 'add')).toHaveLength(1)
  })
})

describe('other operations on channels', () => {
  const conv = (): Node => g.conv2d(leaf([1, 2, 4, 4]), parameter(3, 2, 3, 3), attrs)
  const channel = (): Node => parameter(3, 1, 1)

  it('follow one another', async () => {
    const y = g.sub(g.div(g.neg(g.sub(g.add(g.mul(conv(), 2), channel()), channel())), channel()), 3)
    expect(await left(y)).toEqual(['conv2d', 'add'])
    expect(await left(g.sub(channel(), g.mul(conv(), channel())))).toEqual(['conv2d', 'add'])
    expect(await left(g.sub(1, g.add(conv(), channel())))).toEqual(['conv2d', 'add'])
    expect(await left(g.neg(conv()))).toEqual(['conv2d'])
  })

  it('with other shapes or values stay', async () => {
    expect(await left(g.mul(conv(), parameter(1, 2)))).toEqual(['conv2d', 'mul'])
    expect(await left(g.mul(conv(), parameter(2, 3, 1, 1)))).toEqual(['conv2d', 'mul'])
    expect(await left(g.mul(conv(), leaf([3, 1, 1])))).toEqual(['conv2d', 'mul'])
    expect(await left(g.div(1, conv()))).toEqual(['conv2d', 'div'])
  })

  it('of a weight on the left vary along its rows', async () => {
    const product = (): Node => g.matmul(parameter(3, 4), leaf([4, 5]))
    expect(await left(g.mul(product(), parameter(3, 1)))).toEqual(['matmul'])
    expect(await left(g.mul(product(), parameter(5)))).toEqual(['matmul', 'mul'])
    expect(await left(g.mul(g.matmul(parameter(4, 3), leaf([5, 4]), true, true), parameter(3, 1)))).toEqual([
      'matmul',
    ])
  })

  it('in a layout with channels last', async () => {
    const y = g.conv2d(leaf([1, 4, 4, 2]), parameter(3, 2, 3, 3), { ...attrs, layout: 'nhwc' })
    expect(await left(g.add(g.mul(y, parameter(3)), parameter(3)))).toEqual(['conv2d', 'add'])
  })
})
