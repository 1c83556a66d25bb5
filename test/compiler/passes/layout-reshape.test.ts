import { describe, expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/graph.ts'
import { reshapedMoved } from '../../../src/compiler/passes/layout-reshape.ts'
import { logical, moved } from '../../../src/compiler/passes/moved.ts'
import { rewriteGraph } from '../../../src/compiler/passes/rewrite.ts'
import { isOp, type Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, leaf, type OpCounts } from '../../support/pass-check.ts'

const nhwc = [0, 2, 3, 1]

/** Takes the permutation to channels first before a reshape for a value kept with channels last. */
const pass = (graph: Graph): Graph =>
  rewriteGraph(graph, (node, inputs) => {
    const [x] = inputs
    if (isOp(node, 'reshape') && x && isOp(x, 'permute')) {
      return logical(reshapedMoved(moved(x.inputs[0]!, nhwc), node.attrs.shape))
    }
    if (isOp(node, 'reshape')) return g.reshape(x!, node.attrs.shape)
    if (isOp(node, 'permute')) return g.permute(x!, node.attrs.axes)
    return node
  })

/** An image that lies as [n, h, w, c] and is meant as [n, c, h, w], reshaped. */
const reshaped = (shape: readonly number[], stored: readonly number[] = [2, 3, 5, 4]): Node =>
  g.reshape(g.permute(leaf(stored), [0, 3, 1, 2]), shape)

describe('reshapes of images with channels last', () => {
  it.each<[string, readonly number[], OpCounts]>([
    ['height and width merged', [2, 4, 15], { reshape: 1, permute: 1 }],
    ['channels split', [2, 2, 2, 3, 5], { reshape: 1, permute: 1 }],
    ['an axis of one added', [2, 1, 4, 3, 5], { reshape: 1, permute: 1 }],
    ['batch and channels merged, which lie apart', [8, 3, 5], { reshape: 1, permute: 1 }],
    ['all of it flattened', [2, 60], { reshape: 1, permute: 1 }],
  ])('%s', async (_, shape, counts) => {
    expect((await checkPass(reshaped(shape), pass)).counts).toEqual(counts)
  })

  it('need no moving where only dimensions of one element are elsewhere', async () => {
    expect((await checkPass(reshaped([2, 4], [2, 1, 1, 4]), pass)).counts).not.toHaveProperty('permute')
  })

  it('of nothing are nothing', async () => {
    expect((await checkPass(reshaped([0, 7], [2, 0, 5, 4]), pass)).counts).not.toHaveProperty('permute')
  })
})
