import { describe, expect, it } from 'vitest'
import { simplify } from '../../../src/compiler/passes/simplify.ts'
import { make } from '../../../src/graph/make.ts'
import type { Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, graphOf, leaf, type OpCounts, opCounts } from '../../support/pass-check.ts'

const left = async (outputs: Node | readonly Node[]): Promise<OpCounts> =>
  (await checkPass(outputs, simplify)).counts

describe('simplify', () => {
  it('computes equal values once, in whatever order their operands come', async () => {
    const [a, b] = [leaf([2, 3]), leaf([2, 3])]
    expect(await left([g.exp(g.add(a, b)), g.exp(g.add(b, a))])).toEqual({ add: 1, exp: 1 })
  })

  it('drops what no output needs', () => {
    const x = leaf([2, 3])
    const y = g.exp(x)
    g.log(y)
    expect(opCounts(simplify(graphOf([y])))).toEqual({ exp: 1 })
  })

  it('takes what one table lays bare to the next', async () => {
    // A permutation there and back, a multiplication by 1, a sum with 0, and a broadcast that changes nothing.
    const x = leaf([2, 3])
    const there = g.permute(g.mul(x, 1), [1, 0])
    const back = g.permute(g.add(there, g.full([3, 2], 0, 'float32')), [1, 0])
    expect(await left(g.exp(make('expand', [back], { shape: [2, 3] })))).toEqual({ exp: 1 })
  })

  it('does not merge values that are to be computed again', async () => {
    const x = leaf([4])
    const again = (tag: number): Node => make('identity', [g.exp(x)], { role: 'recompute', tag })
    const { identity = 0 } = await left([g.neg(again(1)), g.abs(again(2))])
    expect(identity).toBe(2)
  })

  it('keeps donations and the order of outputs', () => {
    const x = leaf([3], { persistent: true })
    const graph = simplify(graphOf([g.mul(x, 1), g.exp(x)], [x, null]))
    expect(graph.donations).toEqual([0, null])
    expect(graph.outputs.map(({ op }) => op)).toEqual(['input', 'exp'])
  })
})
