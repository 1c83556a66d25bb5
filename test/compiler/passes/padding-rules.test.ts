import { expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/graph.ts'
import { paddingRules } from '../../../src/compiler/passes/padding-rules.ts'
import { applyRules } from '../../../src/compiler/passes/rules.ts'
import type { Conv2dAttrs, Layout, Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, leaf, type OpCounts } from '../../support/pass-check.ts'

const pass = (graph: Graph): Graph => applyRules(graph, [paddingRules])
const left = async (node: Node): Promise<OpCounts> => (await checkPass(node, pass)).counts

function attrsFor(layout: Layout): Conv2dAttrs {
  return { stride: [2, 1], padding: [0, 1, 2, 0], dilation: [1, 2], groups: 2, layout }
}

it('zeros around images become padding of the convolution', async () => {
  const weight = leaf([6, 2, 3, 2])
  const nchw = g.pad(leaf([2, 4, 7, 6]), [0, 0, 1, 2], [0, 0, 0, 3])
  expect(await left(g.conv2d(nchw, weight, attrsFor('nchw')))).toEqual({ conv2d: 1 })
  const nhwc = g.pad(leaf([2, 7, 6, 4]), [0, 1, 2, 0], [0, 0, 3, 0])
  expect(await left(g.conv2d(nhwc, weight, attrsFor('nhwc')))).toEqual({ conv2d: 1 })
})

it('so do they for the gradient of the weight', async () => {
  const padded = g.pad(leaf([2, 4, 7, 6]), [0, 0, 1, 2], [0, 0, 0, 3])
  const { shape } = g.conv2d(padded, leaf([6, 2, 3, 2]), attrsFor('nchw'))
  const gradient = g.conv2dWeightGrad(padded, leaf(shape), attrsFor('nchw'), [3, 2])
  expect(await left(gradient)).toEqual({ conv2dWeightGrad: 1 })
})

it('other padding stays', async () => {
  const weight = leaf([6, 2, 3, 2])
  const x = leaf([2, 4, 7, 6])
  const others = [
    g.pad(x, [0, 0, 1, 2], [0, 0, 0, 3], 1),
    g.pad(leaf([2, 3, 7, 6]), [0, 0, 1, 2], [0, 1, 0, 3]),
    g.pad(x, [0, 0, 1, 2], [0, 0, 0, 3], 0, [0, 0, 1, 0]),
    g.pad(x, [1, 0, 1, 1], [0, 0, 1, 1]),
  ]
  for (const padded of others) {
    expect(await left(g.conv2d(padded, weight, attrsFor('nchw')))).toEqual({ pad: 1, conv2d: 1 })
  }
})
