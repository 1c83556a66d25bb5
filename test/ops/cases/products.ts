import * as F from '../../../src/nn/functional/index.ts'
import { type CaseTable, tensorTrial } from '../../support/op-case.ts'

export const productCases: CaseTable = {
  'matmul of vectors and batches': {
    gradient: true,
    draw: (random) => {
      const k = random.dimension()
      const batch = random.solid(0, 2)
      const left = random.pick([[k], [random.dimension(), k], [...batch, random.dimension(), k]])
      const broadcast = batch.map((d) => (random.chance(0.3) ? 1 : d))
      const right = random.pick([[k], [k, random.dimension()], [...broadcast, k, random.dimension()]])
      return tensorTrial([random.floats(left), random.floats(right)], (a, b) => a!.matmul(b!))
    },
  },
  linear: {
    gradient: true,
    // A result of one element may be the small rest of a sum of terms near 1.
    floor: 1,
    draw: (random) => {
      const [inside, outside] = [random.dimension(33), random.dimension(33)]
      const x = random.floats([...random.solid(0, 2), inside])
      const [biased, activated] = [random.chance(0.7), random.chance()]
      return tensorTrial([x, random.floats([outside, inside]), random.floats([outside])], (x, w, b) => {
        const y = F.linear(x!, w!, biased ? b! : null)
        return activated ? F.gelu(y) : y
      })
    },
  },
  'a network of two layers': {
    gradient: true,
    draw: (random) => {
      const [n, a, b, c] = [random.integer(1, 5), random.dimension(), random.dimension(), random.dimension()]
      const operands = [
        random.floats([n, a]),
        random.floats([b, a]),
        random.floats([c, b]),
        random.floats([c]),
      ]
      return tensorTrial(operands, (x, first, second, bias) =>
        F.linear(F.silu(F.linear(x!, first!)), second!, bias!).softmax(-1),
      )
    },
  },
}
