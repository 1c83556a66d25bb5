import { describe, expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/graph.ts'
import { movementRules } from '../../../src/compiler/passes/movement-rules.ts'
import { applyRules } from '../../../src/compiler/passes/rules.ts'
import { make } from '../../../src/graph/make.ts'
import type { Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, leaf, type OpCounts } from '../../support/pass-check.ts'

const pass = (graph: Graph): Graph => applyRules(graph, [movementRules])
const left = async (node: Node): Promise<OpCounts> => (await checkPass(node, pass)).counts

describe('movements', () => {
  it('of nothing are dropped', async () => {
    const x = leaf([2, 3])
    const nothing = [
      make('reshape', [x], { shape: [2, 3] }),
      make('permute', [x], { axes: [0, 1] }),
      make('expand', [x], { shape: [2, 3] }),
      make('slice', [x], { starts: [0, 0], stops: [2, 3], steps: [1, 1] }),
      make('flip', [x], { axes: [] }),
      make('pad', [x], { before: [0, 0], after: [0, 0], interior: [0, 0], value: 1 }),
      make('reduceSum', [x], { axes: [], keepdim: false }),
    ]
    for (const node of nothing) expect(await left(node)).toEqual({})
  })

  it('one after the other become one', async () => {
    const x = leaf([2, 3, 4])
    const ones = (n: number): number[] => new Array<number>(3).fill(n)
    const chains: [Node, OpCounts][] = [
      [g.reshape(g.reshape(x, [6, 4]), [24]), { reshape: 1 }],
      [g.reshape(g.reshape(x, [6, 4]), [2, 3, 4]), {}],
      [g.permute(g.permute(x, [1, 2, 0]), [1, 2, 0]), { permute: 1 }],
      [g.permute(g.permute(x, [1, 2, 0]), [2, 0, 1]), {}],
      [g.expand(g.expand(leaf([3, 1]), [3, 4]), [2, 3, 4]), { expand: 1 }],
      [g.slice(g.slice(x, [0, 1, 0], [2, 3, 4], [1, 1, 2]), [1, 0, 1], [2, 2, 2]), { slice: 1 }],
      [g.slice(g.slice(leaf([9]), [0], [9], [2]), [1], [5], [2]), { slice: 1 }],
      [g.flip(g.flip(x, [0, 1]), [1, 2]), { flip: 1 }],
      [g.flip(g.flip(x, [0, 1]), [1, 0]), {}],
      [g.pad(g.pad(x, ones(1), ones(0), 2, ones(1)), ones(0), ones(3), 2), { pad: 1 }],
      [g.pad(g.pad(x, ones(1), ones(0), 2), ones(0), ones(3), 1), { pad: 2 }],
      [g.pad(g.pad(x, ones(1), ones(0)), ones(0), ones(0), 0, ones(1)), { pad: 2 }],
    ]
    for (const [node, counts] of chains) expect(await left(node)).toEqual(counts)
  })

  it('that only place dimensions of size 1 are reshapes', async () => {
    const x = leaf([1, 3, 1, 4])
    expect(await left(g.permute(x, [1, 0, 3, 2]))).toEqual({ reshape: 1 })
    expect(await left(g.expand(leaf([3]), [1, 3]))).toEqual({ reshape: 1 })
    expect(await left(g.flip(x, [0, 2]))).toEqual({})
  })

  it('have one form for one meaning', async () => {
    const x = leaf([7])
    const nodes = [g.slice(x, [1], [6], [3]), g.slice(x, [1], [5], [3])]
    expect((await checkPass(nodes, pass)).counts).toEqual({ slice: 1 })
    expect(await left(g.slice(leaf([0, 3]), [0, 1], [0, 3]))).toEqual({ slice: 1 })
    expect(await left(g.slice(g.slice(x, [0], [7], [2]), [4], [4]))).toEqual({ slice: 1 })
  })
})

describe('slices', () => {
  it('of padded values take what is left of the padding', async () => {
    const x = leaf([4, 3])
    const padded = g.pad(x, [2, 0], [3, 0], 7)
    expect(await left(g.slice(padded, [2, 0], [6, 3]))).toEqual({})
    expect(await left(g.slice(padded, [1, 0], [5, 3]))).toEqual({ slice: 1, pad: 1 })
    expect(await left(g.slice(padded, [3, 1], [8, 3], [1, 2]))).toEqual({ slice: 1, pad: 1 })
    expect(await left(g.slice(padded, [0, 0], [2, 3]))).toEqual({ full: 1 })
    expect(await left(g.slice(padded, [6, 0], [8, 3]))).toEqual({ full: 1 })
    expect(await left(g.slice(padded, [0, 0], [9, 3], [2, 1]))).toEqual({ slice: 1, pad: 1 })
    const spread = g.pad(x, [1, 0], [0, 0], 0, [2, 0])
    expect(await left(g.slice(spread, [0, 1], [11, 2]))).toEqual({ slice: 1, pad: 1 })
    expect(await left(g.slice(spread, [1, 0], [9, 3]))).toEqual({ slice: 1, pad: 1 })
  })

  it('of repeated values repeat less', async () => {
    const x = leaf([3, 1])
    const repeated = g.expand(x, [2, 3, 5])
    expect(await left(g.slice(repeated, [0, 0, 1], [1, 3, 4]))).toEqual({ expand: 1 })
    expect(await left(g.slice(repeated, [0, 1, 0], [1, 2, 1]))).toEqual({ slice: 1, reshape: 1 })
    expect(await left(g.slice(repeated, [1, 0, 3], [2, 3, 3]))).toEqual({ expand: 1 })
  })
})

describe('reductions', () => {
  it('over single elements are reshapes', async () => {
    const x = leaf([1, 3, 1])
    expect(await left(g.reduceSum(x, [0, 2]))).toEqual({ reshape: 1 })
    expect(await left(g.reduceMax(x, [0], true))).toEqual({})
    expect(await left(g.reduceSum(leaf([1, 3], { dtype: 'bool' }), [0]))).toEqual({ cast: 1, reshape: 1 })
    expect(await left(g.reduceSum(x, [0, 1]))).toEqual({ reduceSum: 1, reshape: 1 })
    expect(await left(g.cumSum(x, 2))).toEqual({})
    expect(await left(g.reduceSum(leaf([0, 1]), [0]))).toEqual({ reduceSum: 1 })
  })
})

describe('matrix products', () => {
  it('take transposed operands as they are', async () => {
    const [a, b] = [leaf([2, 3, 4]), leaf([2, 5, 3])]
    const swapped = (x: Node): Node => g.permute(x, [0, 2, 1])
    expect(await left(g.matmul(swapped(a), swapped(b)))).toEqual({ matmul: 1 })
    expect(await left(g.matmul(b, swapped(a), false, true))).toEqual({ matmul: 1 })
    expect(await left(g.matmul(g.permute(leaf([3, 2, 4]), [1, 0, 2]), leaf([2, 4, 5])))).toEqual({
      matmul: 1,
      permute: 1,
    })
  })
})
