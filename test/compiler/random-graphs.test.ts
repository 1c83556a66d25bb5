import { describe, expect, it } from 'vitest'
import { optimize } from '../../src/compiler/optimize.ts'
import { foldAffine } from '../../src/compiler/passes/fold-affine.ts'
import { liveNodes } from '../../src/compiler/passes/rewrite.ts'
import { simplify } from '../../src/compiler/passes/simplify.ts'
import { checkPass } from '../support/pass-check.ts'
import { RandomGraph } from '../support/random-graph.ts'

const graphs = 400

describe('random graphs', () => {
  for (const [name, pass] of Object.entries({ simplify, foldAffine, optimize })) {
    it(`keep their values under ${name}`, async () => {
      for (let seed = 1; seed <= graphs; seed++) {
        const outputs = new RandomGraph(seed, 4 + (seed % 12)).outputs(seed % 2 === 0)
        await checkPass(outputs, pass).catch((error: Error) => {
          throw new Error(`graph ${seed}: ${error.message}`, { cause: error })
        })
      }
    })
  }

  it('have nothing left to simplify but what the first time laid bare', async () => {
    let [once, twice] = [0, 0]
    for (let seed = 1; seed <= graphs; seed++) {
      const { graph } = await checkPass(new RandomGraph(seed, 10).outputs(true), simplify)
      once += liveNodes(graph).length
      twice += liveNodes(simplify(graph)).length
    }
    expect(twice / once).toBeGreaterThan(0.99)
  })
})
