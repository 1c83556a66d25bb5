import { stack, type Tensor, where } from '../../../src/tensor/index.ts'
import { type CaseTable, type OpCase, tensorTrial } from '../../support/op-case.ts'

/** Arithmetic of two float tensors that broadcast, written with methods. */
function method(fn: (a: Tensor, b: Tensor) => Tensor, low = -2, high = 2, gradient = true): OpCase {
  return {
    gradient,
    draw: (random) => {
      const shape = random.shape()
      const operands = [
        random.floats(shape, low, high),
        random.floats(random.broadcastable(shape), low, high),
      ]
      return tensorTrial(operands, (a, b) => fn(a!, b!))
    },
  }
}

/** Comparisons and logic of any dtypes, which need not be equal. */
function mixed(fn: (a: Tensor, b: Tensor) => Tensor): OpCase {
  return {
    draw: (random) => {
      const shape = random.shape()
      const operands = [
        random.ties(shape, random.dtype()),
        random.ties(random.broadcastable(shape), random.dtype()),
      ]
      return tensorTrial(operands, (a, b) => fn(a!, b!))
    },
  }
}

export const arithmeticCases: CaseTable = {
  'promotion of dtypes': mixed((a, b) => stack([a.add(b).mul(b), b.maximum(a).add(b)])),
  comparisons: mixed((a, b) => stack([a.lt(b), a.le(b), a.gt(b), a.ge(b), a.eq(b), a.ne(b)])),
  logic: mixed((a, b) => stack([a.logicalAnd(b), a.logicalOr(b), a.logicalNot().logicalAnd(b)])),
  'true division': mixed((a, b) => where(b.ne(0), a.div(where(b.ne(0), b, 1)), 7)),
  'a long chain': {
    ...method((a, b) => {
      let x = a
      for (let i = 0; i < 40; i++)
        x = x
          .mul(0.9)
          .add(i % 3 === 0 ? b : a)
          .sub(0.05 * i)
          .tanh()
      return x
    }),
    tolerance: 1e-4,
  },
  'many operands': method((a, b) => {
    const parts = Array.from({ length: 20 }, (_, i) =>
      a
        .mul(b.add(i))
        .relu()
        .sum([...a.shape.keys()], true),
    )
    return parts
      .reduce((x, y) => x.add(y))
      .mul(1e-4)
      .add(a)
  }),
  'a value read twice': method((a, b) => {
    const x = a.exp().mul(b)
    return x.div(x.mul(x).add(1)).add(x.sin())
  }),
  rsqrt: method((a, b) => a.rsqrt().mul(b), 0.2, 4),
  reciprocal: method((a, b) => a.reciprocal().mul(b), 0.2, 4),
  square: method((a, b) => a.square().sub(b.square())),
  ceil: method((a, b) => a.mul(3).ceil().add(b), -2, 2, false),
  clamp: method((a, b) => a.clamp(-0.71, 0.83).mul(b.clamp(undefined, 0.37)).add(b.clamp(0.11))),
  pow: method((a, b) => a.pow(2).add(a.pow(3)).add(b.pow(0.5)).add(b.pow(-1)).add(a.pow(b)), 0.3, 2),
  'where with numbers': method((a, b) => where(a.gt(b), a, 0.25).add(where(a.le(0.1), 2, b))),
}
