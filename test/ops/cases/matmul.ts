import { matmul } from '../../../src/graph/ops/index.ts'
import { type CaseTable, nodeTrial } from '../../support/op-case.ts'

export const matmulCases: CaseTable<'matmul'> = {
  matmul: {
    gradient: true,
    draw: (random) => {
      const size = (): number => {
        if (random.size === 'huge') return random.integer(1, 400)
        if (random.size === 'large') return random.integer(1, 100)
        return random.smooth || random.chance(0.97) ? random.dimension() : 0
      }
      const [m, n, k] = [size(), size(), random.chance(0.05) && !random.smooth ? 700 : size()]
      const batch = random.size === 'huge' ? [] : random.solid(0, 2)
      const [transposeA, transposeB] = [random.chance(), random.chance()]
      const a = random.floats([...batch, ...(transposeA ? [k, m] : [m, k])])
      const b = random.floats([...batch, ...(transposeB ? [n, k] : [k, n])])
      return nodeTrial([a, b], (x, y) => matmul(x!, y!, transposeA, transposeB))
    },
  },
}
