import { describe, expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/graph.ts'
import { constantRules } from '../../../src/compiler/passes/constant-rules.ts'
import { iotaRules } from '../../../src/compiler/passes/iota-rules.ts'
import { applyRules } from '../../../src/compiler/passes/rules.ts'
import { isOp, type Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, graphOf, leafOf } from '../../support/pass-check.ts'

const pass = (graph: Graph): Graph => applyRules(graph, [constantRules, iotaRules])

async function folded(node: Node): Promise<Node> {
  const { graph } = await checkPass(node, pass)
  return graph.outputs[0]!
}

async function value(node: Node): Promise<number> {
  const result = await folded(node)
  if (!isOp(result, 'full')) throw new Error(`${result.op} is not a constant`)
  return result.attrs.value
}

describe('constants', () => {
  it('go through element-wise operations, rounded as at run time', async () => {
    expect(await value(g.add(g.full([2, 3], 0.1), 0.2))).toBe(
      Math.fround(Math.fround(0.1) + Math.fround(0.2)),
    )
    expect(await value(g.exp(g.mul(g.full([], 2), g.full([3], 0.5))))).toBe(Math.fround(Math.E))
    expect(await value(g.less(g.full([2], 1), 2))).toBe(1)
    expect(await value(g.where(g.full([2], 0, 'bool'), g.full([2], 3), 4))).toBe(4)
    expect(await value(g.div(g.full([], 1), 0))).toBe(Number.POSITIVE_INFINITY)
    expect(await value(g.sub(g.full([], Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY))).toBeNaN()
  })

  it('wrap around in integers', async () => {
    expect(await value(g.mul(g.full([], 65537, 'int32'), 65537))).toBe(131073)
    expect(await value(g.add(g.full([], 200, 'uint8'), 100))).toBe(44)
    expect(await value(g.neg(g.full([], 1, 'uint8')))).toBe(255)
    expect(await value(g.cast(g.full([], -2.7), 'int32'))).toBe(-2)
    expect((await folded(g.cast(g.full([], 1e20), 'int32'))).op).toBe('cast')
  })

  it('go through movements, reductions and picks', async () => {
    const x = g.full([2, 3], 1.5)
    const moved = [
      g.reshape(x, [6]),
      g.permute(x, [1, 0]),
      g.expand(x, [4, 2, 3]),
      g.slice(x, [0, 1], [2, 3]),
      g.flip(x, [0]),
      g.pad(x, [1, 0], [0, 1], 1.5),
      g.concat([x, g.full([1, 3], 1.5)], 0),
      g.reduceMax(x, [0]),
    ]
    for (const node of moved) expect(await value(node)).toBe(1.5)
    expect(await value(g.reduceSum(x, [0, 1]))).toBe(9)
    expect(await value(g.reduceSum(g.full([4], 1, 'bool'), [0]))).toBe(4)
    expect(await value(g.argMax(x, 1))).toBe(0)
    // Its index must be looked at.
    expect((await folded(g.gather(x, leafOf([0, 1, 1], 'int32', [1, 3]), 0))).op).toBe('gather')
    expect((await folded(g.pad(x, [1, 0], [0, 1], 0))).op).toBe('pad')
    expect((await folded(g.concat([x, g.full([1, 3], 2)], 0))).op).toBe('concat')
  })
})

describe('positions', () => {
  it('move with their axis', async () => {
    const x = g.iota([3, 5], 1, 'int32', 2, 3)
    const cases: [Node, object][] = [
      [g.permute(x, [1, 0]), { axis: 0, start: 2, step: 3 }],
      [g.expand(x, [4, 3, 5]), { axis: 2, start: 2, step: 3 }],
      [g.reshape(x, [1, 3, 1, 5]), { axis: 3, start: 2, step: 3 }],
      [g.slice(x, [0, 1], [3, 5], [1, 2]), { axis: 1, start: 5, step: 6 }],
      [g.flip(x, [0, 1]), { axis: 1, start: 14, step: -3 }],
    ]
    for (const [node, attrs] of cases) {
      const result = await folded(node)
      expect(result).toMatchObject({ op: 'iota', attrs })
    }
    expect((await folded(g.reshape(x, [15]))).op).toBe('reshape')
    expect((await folded(g.reshape(g.iota([1, 5], 0), [5]))).op).toBe('full')
  })

  it('are computed where they stay whole', async () => {
    const x = g.iota([4], 0)
    expect(await folded(g.add(x, 3))).toMatchObject({ op: 'iota', attrs: { start: 3, step: 1 } })
    expect(await folded(g.sub(7, g.mul(x, 2)))).toMatchObject({ op: 'iota', attrs: { start: 7, step: -2 } })
    expect(await folded(g.cast(x, 'float32'))).toMatchObject({ op: 'iota', dtype: 'float32' })
    expect((await folded(g.mul(g.cast(x, 'float32'), 0.1))).op).toBe('mul')
    expect((await folded(g.add(x, 2 ** 31 - 2))).op).toBe('add')
  })

  it('leave the graph alone where a leaf takes part', () => {
    const graph = pass(graphOf([g.add(leafOf([1, 2]), 1)]))
    expect(graph.outputs[0]!.op).toBe('add')
  })
})
