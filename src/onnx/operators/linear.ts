import type { Tensor } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'

function gemm(call: Call): Tensor {
  const flat = (x: Tensor): Tensor => (x.rank === 2 ? x : x.flatten(1))
  // Before opset 7 the input could have more axes, which were taken as one.
  const a = call.opset < 7 ? flat(call.tensor(0)) : call.tensor(0)
  const [b, c] = [call.tensor(1), call.optionalTensor(2)]
  if (a.rank !== 2 || b.rank !== 2) call.fail('needs two matrices')
  const product = (call.flag('transA') ? a.t() : a).matmul(call.flag('transB') ? b.t() : b)
  const [alpha, beta] = [call.float('alpha', 1), call.float('beta', 1)]
  const scaled = alpha === 1 ? product : product.mul(alpha)
  if (c === null || beta === 0) return scaled
  return scaled.add(beta === 1 ? c : c.mul(beta))
}

export const linearOperators: Operators = {
  Gemm: operator(1, gemm, '', [1, 2]),
  MatMul: operator(1, (call) => call.tensor(0).matmul(call.tensor(1)), '', [0, 1]),
}
