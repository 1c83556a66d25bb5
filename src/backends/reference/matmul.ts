import { sizeOf } from '../../graph/shape.ts'
import type { KernelTable } from './kernel.ts'

export const matmulKernels: KernelTable<'matmul'> = {
  matmul: (node, [a, b]) => {
    const { transposeA, transposeB } = node.attrs
    const [m, n] = node.shape.slice(-2) as [number, number]
    const k = node.inputs[0]!.shape.at(transposeA ? -2 : -1)!
    const [aRow, aColumn] = transposeA ? [1, m] : [k, 1]
    const [bRow, bColumn] = transposeB ? [1, k] : [n, 1]
    const out = new Float64Array(sizeOf(node.shape))
    for (let batch = 0; batch * m * n < out.length; batch++) {
      for (let i = 0; i < m; i++) {
        const to = (batch * m + i) * n
        for (let p = 0; p < k; p++) {
          const left = a![batch * m * k + i * aRow + p * aColumn]!
          const from = batch * k * n + p * bRow
          for (let j = 0; j < n; j++) out[to + j]! += left * b![from + j * bColumn]!
        }
      }
    }
    return out
  },
}
