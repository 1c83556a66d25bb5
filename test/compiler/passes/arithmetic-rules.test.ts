import { describe, expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/graph.ts'
import { arithmeticRules } from '../../../src/compiler/passes/arithmetic-rules.ts'
import { applyRules } from '../../../src/compiler/passes/rules.ts'
import { isOp, type Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, leaf, leafOf, type OpCounts } from '../../support/pass-check.ts'

const pass = (graph: Graph): Graph => applyRules(graph, [arithmeticRules])

/** The ops that are left; constants aside. */
async function left(node: Node): Promise<OpCounts> {
  const { counts } = await checkPass(node, pass, 1e-12)
  const { full: _, ...others } = counts
  return others
}

const special = (): Node =>
  leafOf([0, -0, 1, -1, 2.5, -3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40, 3e38])

describe('arithmetic with constants', () => {
  it('that changes nothing is dropped', async () => {
    const x = special()
    const nothing = [
      g.add(x, 0),
      g.add(0, x),
      g.sub(x, 0),
      g.mul(x, 1),
      g.mul(1, x),
      g.div(x, 1),
      g.pow(x, 1),
      g.maximum(x, Number.NEGATIVE_INFINITY),
      g.minimum(Number.POSITIVE_INFINITY, x),
    ]
    for (const node of nothing) expect(await left(node)).toEqual({})
  })

  it('becomes simpler where the result is the same', async () => {
    const x = special()
    expect(await left(g.mul(x, -1))).toEqual({ neg: 1 })
    expect(await left(g.div(x, -1))).toEqual({ neg: 1 })
    expect(await left(g.sub(0, x))).toEqual({ neg: 1 })
    expect(await left(g.pow(x, 2))).toEqual({ mul: 1 })
    expect(await left(g.pow(x, -1))).toEqual({ div: 1 })
    expect(await left(g.pow(x, 0))).toEqual({})
    expect(await left(g.maximum(0, x))).toEqual({ relu: 1 })
    expect(await left(g.pow(x, 0.5))).toEqual({ pow: 1 })
  })

  it('keeps NaN and infinity', async () => {
    const x = special()
    expect(await left(g.mul(x, 0))).toEqual({ mul: 1 })
    expect(await left(g.sub(x, x))).toEqual({ sub: 1 })
    expect(await left(g.div(x, x))).toEqual({ div: 1 })
    expect(await left(g.equal(x, x))).toEqual({ equal: 1 })
  })

  it('is exact in integers', async () => {
    const x = leafOf([3, -4, 2 ** 31 - 1], 'int32')
    expect(await left(g.mul(x, 0))).toEqual({})
    expect(await left(g.sub(x, x))).toEqual({})
    expect(await left(g.mul(x, -1))).toEqual({ mul: 1 })
    expect(await left(g.floor(x))).toEqual({})
    const bytes = leafOf([0, 3, 255], 'uint8')
    expect(await left(g.abs(g.neg(bytes)))).toEqual({ neg: 1 })
    expect(await left(g.relu(bytes))).toEqual({})
  })

  it('divides by powers of two as it multiplies', async () => {
    const x = special()
    for (const by of [2, -4, 0.125, 2 ** 100]) expect(await left(g.div(x, by))).toEqual({ mul: 1 })
    for (const by of [3, 0, 10, 2 ** 127, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await left(g.div(x, by))).toEqual({ div: 1 })
    }
  })

  it('joins factors where their product is exact', async () => {
    const x = leaf([4])
    const joined = (await checkPass(g.mul(g.mul(x, 0.3), 0.5), pass)).graph.outputs[0]!
    const factor = joined.inputs[1]!
    expect(isOp(factor, 'full') && factor.attrs.value).toBe(Math.fround(0.3) / 2)
    expect(await left(g.mul(g.mul(x, 0.3), 0.7))).toEqual({ mul: 2 })
    expect(await left(g.mul(g.mul(x, 2 ** -100), 2 ** -100))).toEqual({ mul: 2 })
  })

  it('keeps the shape', async () => {
    const x = leaf([3])
    const one = g.full([2, 3], 1)
    const { graph } = await checkPass([g.mul(x, one), g.where(g.full([2, 1], 1, 'bool'), x, 0)], pass)
    expect(graph.outputs.map(({ op }) => op)).toEqual(['expand', 'expand'])
  })
})

describe('signs', () => {
  it('cancel', async () => {
    const [x, y] = [leaf([4]), leaf([4])]
    expect(await left(g.neg(g.neg(x)))).toEqual({})
    expect(await left(g.neg(g.sub(x, y)))).toEqual({ sub: 1 })
    expect(await left(g.add(x, g.neg(y)))).toEqual({ sub: 1 })
    expect(await left(g.add(g.neg(x), y))).toEqual({ sub: 1 })
    expect(await left(g.sub(x, g.neg(y)))).toEqual({ add: 1 })
    expect(await left(g.mul(g.neg(x), g.neg(y)))).toEqual({ mul: 1 })
    expect(await left(g.mul(g.neg(x), 3))).toEqual({ mul: 1 })
    expect(await left(g.neg(g.mul(x, 3)))).toEqual({ mul: 1 })
    expect(await left(g.abs(g.neg(x)))).toEqual({ abs: 1 })
  })

  it('are not taken twice', async () => {
    const x = special()
    expect(await left(g.relu(g.relu(x)))).toEqual({ relu: 1 })
    expect(await left(g.abs(g.relu(x)))).toEqual({ relu: 1 })
    expect(await left(g.floor(g.round(x)))).toEqual({ round: 1 })
    expect(await left(g.maximum(x, x))).toEqual({})
  })
})

describe('conditions', () => {
  it('that are known or make no difference are dropped', async () => {
    const [x, y] = [leaf([4]), leaf([4])]
    const condition = leaf([4], { dtype: 'bool' })
    expect(await left(g.where(condition, x, x))).toEqual({})
    expect(await left(g.where(g.full([], 1, 'bool'), x, y))).toEqual({})
    expect(await left(g.where(g.logicalNot(condition), x, y))).toEqual({ where: 1 })
    expect(await left(g.where(condition, 1, g.full([4], 0)))).toEqual({ cast: 1 })
    expect(await left(g.where(condition, g.where(condition, x, y), y))).toEqual({ where: 1 })
    expect(await left(g.where(condition, y, g.where(condition, x, y)))).toEqual({})
  })

  it('are simplified', async () => {
    const condition = leaf([4], { dtype: 'bool' })
    expect(await left(g.logicalNot(g.logicalNot(condition)))).toEqual({})
    expect(await left(g.logicalAnd(condition, g.full([], 1, 'bool')))).toEqual({})
    expect(await left(g.logicalOr(condition, g.full([], 1, 'bool')))).toEqual({})
    expect(await left(g.logicalOr(g.full([], 0, 'bool'), condition))).toEqual({})
    expect(await left(g.equal(condition, g.full([4], 1, 'bool')))).toEqual({})
  })
})

describe('casts', () => {
  it('through a wider dtype are taken at once', async () => {
    const condition = leaf([9], { dtype: 'bool' })
    const bytes = leaf([9], { dtype: 'uint8' })
    const x = leaf([9])
    expect(await left(g.cast(g.cast(condition, 'float32'), 'bool'))).toEqual({})
    expect(await left(g.cast(g.cast(bytes, 'int32'), 'float32'))).toEqual({ cast: 1 })
    expect(await left(g.cast(g.cast(bytes, 'bool'), 'float32'))).toEqual({ cast: 2 })
    expect(await left(g.cast(g.cast(x, 'int32'), 'float32'))).toEqual({ cast: 2 })
  })
})

describe('identities', () => {
  it('are dropped unless they ask for a second computation', async () => {
    const x = leaf([4])
    x.requiresGrad = true
    expect(await left(g.exp(g.detach(x)))).toEqual({ exp: 1 })
    expect(await left(g.withCustomGradient(g.exp(x), [x], () => [null]))).toEqual({ exp: 1 })
    expect(await left(g.exp(g.recomputed(x, 1)))).toEqual({ exp: 1, identity: 1 })
  })
})
