import { describe, expect, it } from 'vitest'
import { gradients } from '../../../src/autograd/index.ts'
import type { Graph } from '../../../src/compiler/graph.ts'
import { concatRules } from '../../../src/compiler/passes/concat-rules.ts'
import { movementRules } from '../../../src/compiler/passes/movement-rules.ts'
import { applyRules } from '../../../src/compiler/passes/rules.ts'
import type { Node } from '../../../src/graph/node.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, leaf, type OpCounts } from '../../support/pass-check.ts'

const pass = (graph: Graph): Graph => applyRules(graph, [movementRules, concatRules])
const left = async (node: Node | Node[]): Promise<OpCounts> => (await checkPass(node, pass)).counts

describe('concat', () => {
  it('of concatenations is one', async () => {
    const [a, b, c] = [leaf([2, 3]), leaf([2, 1]), leaf([2, 2])]
    const whole = g.concat([g.concat([a, b], 1), g.concat([c, a], 1)], 1)
    const { graph } = await checkPass(whole, pass)
    expect(graph.outputs[0]!.inputs).toHaveLength(4)
    expect(await left(g.concat([g.concat([a, c], 1), leaf([1, 5])], 0))).toEqual({ concat: 2 })
  })

  it('drops what is empty', async () => {
    const a = leaf([2, 3])
    const empty = leaf([2, 0])
    expect(await left(g.concat([empty, a, empty], 1))).toEqual({})
    expect(await left(g.concat([empty, empty], 1))).toEqual({})
  })

  it('of neighbouring slices is one slice', async () => {
    const x = leaf([3, 6])
    const part = (from: number, to: number): Node => g.sliceAxis(x, 1, from, to)
    expect(await left(g.concat([part(0, 2), part(2, 5), part(5, 6)], 1))).toEqual({})
    expect(await left(g.concat([part(1, 2), part(2, 5), part(0, 1)], 1))).toEqual({ slice: 2, concat: 1 })
    expect(await left(g.concat([part(0, 2), part(2, 4)], 0))).toEqual({ slice: 2, concat: 1 })
  })
})

describe('slices of a concatenation', () => {
  it('read only the operands they hit', async () => {
    const parts = [leaf([2, 3]), leaf([2, 1]), leaf([2, 4])]
    const whole = g.concat(parts, 1)
    expect(await left(g.sliceAxis(whole, 1, 3, 4))).toEqual({})
    expect(await left(g.slice(whole, [1, 5], [2, 8], [1, 2]))).toEqual({ slice: 1 })
    expect(await left(g.sliceAxis(whole, 1, 3, 6))).toEqual({ slice: 1, concat: 1 })
    expect(await left(g.sliceAxis(whole, 1, 2, 8, 3))).toEqual({ slice: 1, concat: 1 })
    expect(await left(g.sliceAxis(whole, 0, 1, 2))).toEqual({ slice: 1, concat: 1 })
  })
})

describe('the gradient of a split', () => {
  it('is a concatenation', async () => {
    const x = leaf([2, 6])
    x.requiresGrad = true
    const parts = [g.sliceAxis(x, 1, 0, 2), g.sliceAxis(x, 1, 2, 3), g.sliceAxis(x, 1, 3, 6)]
    const total = parts
      .map((part, i) => g.reduceSum(g.mul(g.exp(part), i + 1), [0, 1]))
      .reduce((a, b) => g.add(a, b))
    const counts = await left(gradients([total]).get(x)!)
    expect(counts).toMatchObject({ concat: 1 })
    expect(counts).not.toHaveProperty('pad')
  })

  it('stays a sum where parts lie apart or one on the other', async () => {
    const [a, b] = [leaf([2, 2]), leaf([2, 2])]
    const at = (x: Node, first: number): Node => g.pad(x, [0, first], [0, 4 - first])
    expect(await left(g.add(at(a, 0), at(b, 4)))).toEqual({ pad: 2, add: 1 })
    expect(await left(g.add(at(a, 0), at(b, 1)))).toEqual({ pad: 2, add: 1 })
    expect(await left(g.add(at(a, 2), at(b, 0)))).toEqual({ concat: 1, pad: 1 })
  })
})
