import { describe, expect, it } from 'vitest'
import { gradients } from '../../../src/autograd/index.ts'
import type { Graph } from '../../../src/compiler/graph.ts'
import { arithmeticRules } from '../../../src/compiler/passes/arithmetic-rules.ts'
import { broadcastRules } from '../../../src/compiler/passes/broadcast-rules.ts'
import { constantRules } from '../../../src/compiler/passes/constant-rules.ts'
import { movementRules } from '../../../src/compiler/passes/movement-rules.ts'
import { liveNodes } from '../../../src/compiler/passes/rewrite.ts'
import { applyRules } from '../../../src/compiler/passes/rules.ts'
import { sumRules } from '../../../src/compiler/passes/sum-rules.ts'
import type { Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { sizeOf } from '../../../src/graph/shape.ts'
import { batchNorm, layerNorm } from '../../../src/nn/functional/normalization.ts'
import { wrap } from '../../../src/tensor/tensor.ts'
import { checkPass, leaf, type OpCounts } from '../../support/pass-check.ts'

const pass = (graph: Graph): Graph =>
  applyRules(graph, [broadcastRules, constantRules, arithmeticRules, movementRules, sumRules])

async function left(node: Node | Node[]): Promise<OpCounts> {
  const { counts } = await checkPass(node, pass)
  const { full: _, ...others } = counts
  return others
}

/** Sums that go through at least this many elements. */
function largeSums(graph: Graph, size: number): number {
  const isLarge = ({ op, inputs }: Node): boolean => op === 'reduceSum' && sizeOf(inputs[0]!.shape) >= size
  return liveNodes(graph).filter(isLarge).length
}

describe('sums', () => {
  it('of repeated elements are products', async () => {
    const x = leaf([3, 1])
    expect(await left(g.reduceSum(g.expand(x, [2, 3, 5]), [0, 2]))).toEqual({ mul: 1, reshape: 2 })
    expect(await left(g.reduceSum(g.expand(x, [2, 3, 5]), [0, 1], true))).toMatchObject({
      reduceSum: 1,
      mul: 1,
      expand: 1,
    })
    expect(await left(g.reduceSum(g.expand(leaf([1], { dtype: 'bool' }), [7]), [0]))).toMatchObject({
      cast: 1,
      mul: 1,
    })
  })

  it('leave factors outside', async () => {
    const [x, scale] = [leaf([4, 3, 5]), leaf([3, 1])]
    expect(await left(g.reduceSum(g.mul(x, scale), [0, 2]))).toMatchObject({ reduceSum: 1, mul: 1 })
    const { graph } = await checkPass(g.reduceSum(g.mul(x, scale), [0, 2]), pass)
    expect(sizeOf(liveNodes(graph).find(({ op }) => op === 'mul')!.shape)).toBe(3)
    expect(await left([g.reduceSum(g.mul(x, scale), [0, 2]), g.reduceSum(g.neg(x), [0, 2])])).toMatchObject({
      reduceSum: 1,
    })
    expect(await left(g.reduceSum(g.mul(x, scale), [1]))).toEqual({ mul: 1, reduceSum: 1 })
  })

  it('of differences from the mean are zero', async () => {
    const x = leaf([4, 3, 5])
    const centred = g.sub(x, g.reduceMean(x, [0, 2], true))
    expect(await left(g.add(g.reduceSum(centred, [0, 2]), leaf([3])))).toEqual({})
    expect(await left(g.add(g.reduceSum(centred, [0, 1, 2]), leaf([])))).toEqual({})
    expect(await left(g.reduceSum(centred, [2]))).toMatchObject({ sub: 1, reduceSum: 2 })
    const other = g.sub(x, g.mul(g.reduceSum(x, [0, 2], true), 0.2))
    expect(await left(g.reduceSum(other, [0, 2]))).toMatchObject({ sub: 1, reduceSum: 2 })
  })

  it('leave out differences from the mean', async () => {
    const [x, y] = [leaf([4, 5]), leaf([4, 5])]
    const centred = g.mul(g.sub(x, g.reduceMean(x, [1], true)), leaf([4, 1]))
    const sum = (value: Node): Promise<OpCounts> => left(g.reduceSum(value, [1], true))
    expect(await sum(g.add(y, centred))).toEqual({ reduceSum: 1 })
    expect(await sum(g.sub(y, g.neg(centred)))).toEqual({ reduceSum: 1 })
    expect(await sum(g.sub(centred, y))).toEqual({ reduceSum: 1, neg: 1 })
    expect(await sum(g.add(y, x))).toEqual({ reduceSum: 1, add: 1 })
  })
})

describe('normalization', () => {
  it('takes two sums forward and two backward', async () => {
    const [x, weight, bias] = [leaf([4, 3, 5, 5]), leaf([3]), leaf([3])]
    for (const node of [x, weight, bias]) node.requiresGrad = true
    const y = batchNorm(wrap(x), { weight: wrap(weight), bias: wrap(bias), training: true })
    const found = gradients([y.node], [leaf(y.shape)])
    const { graph } = await checkPass([y.node, ...[x, weight, bias].map((node) => found.get(node)!)], pass)
    expect(
      largeSums(
        graph,
        x.shape.reduce((a, b) => a * b),
      ),
    ).toBe(4)
  })

  it('of layers has no sum of differences from the mean', async () => {
    const x = leaf([6, 10])
    x.requiresGrad = true
    const y = layerNorm(wrap(x), 10)
    const found = gradients([y.node], [leaf(y.shape)])
    const { graph } = await checkPass([y.node, found.get(x)!], pass)
    expect(largeSums(graph, 60)).toBe(4)
  })
})
