import { describe, expect, it } from 'vitest'
import { Float64Error, legalize } from '../../../src/compiler/passes/legalize.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { checkPass, graphOf, leaf } from '../../support/pass-check.ts'

describe('legalize', () => {
  it.each(['uint8', 'bool'] as const)('walks along axes of %s in int32', async (dtype) => {
    const x = leaf([3, 4], { dtype })
    expect((await checkPass(g.argMax(x, 1), legalize)).counts).toEqual({ argMax: 1, cast: 1 })
    expect((await checkPass(g.cumArgMax(x, 0), legalize)).counts).toEqual({ cumArgMax: 1, cast: 1 })
    expect((await checkPass(g.argSort(x, 0, true), legalize)).counts).toEqual({ argSort: 1, cast: 1 })
  })

  it('scatters narrow values in int32, and gives them back', async () => {
    const [base, index, source] = [
      leaf([7, 2], { dtype: 'uint8' }),
      leaf([3, 2], { dtype: 'int32' }),
      leaf([3, 2], { dtype: 'uint8' }),
    ]
    const { counts } = await checkPass(g.scatterAdd(base, index, source, 0), legalize)
    expect(counts).toEqual({ scatterAdd: 1, cast: 3 })
  })

  it('counts in int32', async () => {
    const { counts } = await checkPass(g.iota([2, 5], 1, 'uint8'), legalize)
    expect(counts).toEqual({ iota: 1, cast: 1 })
  })

  it('leaves other work as it is', async () => {
    const x = leaf([3, 4])
    const { counts } = await checkPass([g.argMax(x, 1), g.exp(x), g.gather(x, g.argSort(x, 1), 1)], legalize)
    expect(counts).toEqual({ argMax: 1, exp: 1, argSort: 1, gather: 1 })
  })

  it('refuses float64, which native code lacks', () => {
    const wide = leaf([2], { dtype: 'float64' })
    expect(() => legalize(graphOf([g.exp(wide)]))).toThrow(Float64Error)
    expect(() => legalize(graphOf([g.cast(leaf([2]), 'float64')]))).toThrow(
      "cast: float64 is computed by the reference backend only: setBackend('reference') or cast to float32",
    )
  })
})
