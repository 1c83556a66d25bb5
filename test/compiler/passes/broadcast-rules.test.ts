import { expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/graph.ts'
import { broadcastRules } from '../../../src/compiler/passes/broadcast-rules.ts'
import { applyRules } from '../../../src/compiler/passes/rules.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, leaf } from '../../support/pass-check.ts'

const pass = (graph: Graph): Graph => applyRules(graph, [broadcastRules])

it('element-wise operations come before repetition', async () => {
  const [x, y] = [leaf([2, 3, 4]), leaf([3, 1])]
  const wide = g.expand(y, [2, 3, 4])
  const check = async (node: Parameters<typeof checkPass>[0]) => (await checkPass(node, pass)).counts
  expect(await check(g.add(x, wide))).toEqual({ add: 1 })
  expect(await check(g.exp(g.neg(wide)))).toEqual({ neg: 1, exp: 1, expand: 1 })
  expect(await check(g.mul(wide, g.expand(leaf([1, 4]), [2, 3, 4])))).toEqual({ mul: 1, expand: 1 })
  expect(await check(g.where(g.less(wide, 0), x, wide))).toEqual({ full: 1, less: 1, where: 1 })
})

it('constants take part as scalars', async () => {
  const x = leaf([2, 3])
  const { graph } = await checkPass([g.add(x, g.full([2, 3], 2)), g.add(leaf([]), g.full([4], 1))], pass)
  expect(graph.outputs.map(({ op }) => op)).toEqual(['add', 'expand'])
  expect(graph.outputs[0]!.inputs[1]!.shape).toEqual([])
})
