import { describe, expect, it } from 'vitest'
import { liveNodes } from '../../../src/compiler/passes/rewrite.ts'
import { deduplicate } from '../../../src/compiler/passes/rules.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, graphOf, leaf, leafOf } from '../../support/pass-check.ts'

describe('deduplicate', () => {
  it('merges equal operations on equal inputs, in either order where that does not matter', async () => {
    const [x, y] = [leaf([3, 4]), leaf([3, 4])]
    const { counts } = await checkPass(
      [g.exp(g.add(x, y)), g.exp(g.add(y, x)), g.sub(x, y), g.sub(y, x)],
      deduplicate,
    )
    expect(counts).toEqual({ add: 1, exp: 1, sub: 2 })
  })

  it('tells attributes and zeros of different sign apart', async () => {
    const x = leaf([3, 4])
    const { counts } = await checkPass(
      [g.reduceSum(x, [0]), g.reduceSum(x, [1]), g.full([2], 0), g.full([2], -0), g.full([2], 0)],
      deduplicate,
    )
    expect(counts).toEqual({ reduceSum: 2, full: 2 })
  })

  it('merges random numbers of one key only', async () => {
    const [a, b] = [leafOf([1, 2, 3, 4], 'int32'), leafOf([1, 2, 3, 5], 'int32')]
    const { counts } = await checkPass([g.random(a, [9]), g.random(a, [9]), g.random(b, [9])], deduplicate)
    expect(counts).toEqual({ random: 2 })
  })

  it('leaves what is to be computed again', async () => {
    const x = leaf([5])
    const again = (tag: number) => g.exp(g.recomputed(x, tag))
    const { counts } = await checkPass([g.exp(x), again(1), again(1), again(2)], deduplicate)
    expect(counts).toEqual({ exp: 3, identity: 2 })
  })

  it('drops what no output needs, and keeps the recorded order', () => {
    const x = leaf([5])
    const first = g.exp(x)
    const second = g.log(x)
    g.sin(first)
    const graph = deduplicate(graphOf([g.add(second, first), g.log(x)]))
    expect(liveNodes(graph).map(({ op }) => op)).toEqual(['input', 'exp', 'log', 'add'])
    expect(graph.outputs[1]).toBe(graph.outputs[0]!.inputs[0])
  })
})
