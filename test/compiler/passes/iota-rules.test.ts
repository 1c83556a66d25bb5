import { describe, expect, it } from 'vitest'
import type { Graph } from '../../../src/compiler/graph.ts'
import { iotaRules } from '../../../src/compiler/passes/iota-rules.ts'
import { applyRules } from '../../../src/compiler/passes/rules.ts'
import { make } from '../../../src/graph/make.ts'
import type { Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, type OpCounts } from '../../support/pass-check.ts'

const pass = (graph: Graph): Graph => applyRules(graph, [iotaRules])
const left = async (node: Node): Promise<OpCounts> => (await checkPass(node, pass)).counts
const positions = (dtype: 'int32' | 'float32' = 'int32'): Node => g.iota([2, 5, 3], 1, dtype, 4, -2)
const whole = (value: number, dtype: 'int32' | 'float32' = 'int32'): Node => g.full([2, 5, 3], value, dtype)

describe('positions along an axis', () => {
  it.each<[string, () => Node]>([
    ['add', () => g.add(positions(), whole(3))],
    ['add, swapped', () => g.add(whole(3), positions())],
    ['sub', () => g.sub(positions(), whole(3))],
    ['sub, swapped', () => g.sub(whole(3), positions())],
    ['mul', () => g.mul(positions(), whole(-2))],
    ['mul of floats', () => g.mul(whole(5, 'float32'), positions('float32'))],
    ['cast', () => g.cast(positions(), 'float32')],
    ['permute', () => g.permute(positions(), [1, 2, 0])],
    ['expand', () => make('expand', [g.iota([5, 1], 0, 'int32', 1, 2)], { shape: [2, 5, 3] })],
    ['reshape', () => g.reshape(g.iota([1, 5, 3], 1, 'int32', 1, 2), [5, 1, 3])],
    ['slice', () => g.sliceAxis(positions(), 1, 1, 5, 2)],
    ['flip', () => g.flip(positions(), [1])],
    ['flip of another axis', () => g.flip(positions(), [0, 2])],
  ])('%s gives positions too', async (_, build) => {
    expect(await left(build())).toMatchObject({ iota: 1 })
    expect(Object.keys(await left(build())).filter((op) => op !== 'iota' && op !== 'full')).toEqual([])
  })

  it('along an axis of one element are a constant', async () => {
    expect(await left(g.iota([3, 1], 1, 'float32', 2.5, 1))).toEqual({ full: 1 })
  })

  it('stay where the dtype does not hold the result exactly', async () => {
    expect(await left(g.mul(positions('float32'), whole(2 ** 23, 'float32')))).toHaveProperty('mul')
    expect(await left(g.add(positions('float32'), whole(0.5, 'float32')))).toHaveProperty('add')
    expect(await left(g.cast(positions(), 'bool'))).toHaveProperty('cast')
  })

  it('stay where dimensions are merged', async () => {
    expect(await left(g.reshape(positions(), [2, 15]))).toHaveProperty('reshape')
  })
})
