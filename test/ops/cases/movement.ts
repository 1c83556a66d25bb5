import * as g from '../../../src/graph/ops/index.ts'
import { type Shape, sizeOf } from '../../../src/graph/shape.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, nodeTrial } from '../../support/op-case.ts'

export const movementCases: CaseTable<
  'reshape' | 'permute' | 'expand' | 'slice' | 'flip' | 'pad' | 'concat' | 'identity'
> = {
  reshape: {
    gradient: true,
    draw: (random) => {
      const x = random.any(random.shape(), random.dtype())
      const shape = factored(random, sizeOf(x.shape))
      return nodeTrial([x], (node) => g.reshape(node!, shape))
    },
  },
  permute: {
    gradient: true,
    draw: (random) => {
      const x = random.any(random.shape(0, 5), random.dtype())
      const axes = random.permutation(x.shape.length)
      return nodeTrial([x], (node) => g.permute(node!, axes))
    },
  },
  expand: {
    gradient: true,
    draw: (random) => {
      const shape = random.shape()
      const x = random.any(random.broadcastable(shape), random.dtype())
      return nodeTrial([x], (node) => g.expand(node!, shape))
    },
  },
  slice: {
    gradient: true,
    draw: (random) => {
      const x = random.any(random.shape(), random.dtype())
      const starts = x.shape.map((size) => (random.chance() ? 0 : random.integer(0, size)))
      const stops = x.shape.map((size, i) => (random.chance() ? size : random.integer(starts[i]!, size)))
      const steps = x.shape.map(() => random.integer(1, 4))
      return nodeTrial([x], (node) => g.slice(node!, starts, stops, steps))
    },
  },
  flip: {
    gradient: true,
    draw: (random) => {
      const x = random.any(random.shape(), random.dtype())
      const axes = random.axes(x.shape.length)
      return nodeTrial([x], (node) => g.flip(node!, axes))
    },
  },
  pad: {
    gradient: true,
    draw: (random) => {
      const dtype = random.dtype()
      const x = random.any(random.shape(), dtype)
      const amounts = (): number[] => x.shape.map(() => (random.chance() ? 0 : random.integer(0, 3)))
      const value =
        dtype === 'float32' ? random.pick([0, 0.1, Number.NEGATIVE_INFINITY]) : random.integer(0, 300)
      const [before, after, interior] = [amounts(), amounts(), amounts()]
      return nodeTrial([x], (node) => g.pad(node!, before, after, random.smooth ? 0.1 : value, interior))
    },
  },
  concat: {
    gradient: true,
    draw: (random) => {
      const dtype = random.dtype()
      const shape = random.shape(1)
      const axis = random.axis(shape.length)
      const parts = Array.from({ length: random.integer(1, 5) }, () =>
        random.any(
          shape.map((d, i) => (i === axis ? random.integer(random.smooth ? 1 : 0, 5) : d)),
          dtype,
        ),
      )
      return nodeTrial(parts, (...nodes) => g.concat(nodes, axis))
    },
  },
  identity: {
    gradient: true,
    draw: (random) => {
      const x = random.any(random.shape(), random.dtype())
      const role = random.pick(
        random.smooth ? (['recompute', 'custom'] as const) : (['detach', 'recompute'] as const),
      )
      return nodeTrial([x], (node) => {
        switch (role) {
          case 'detach':
            return g.withCustomGradient(node!, [], () => [])
          case 'recompute':
            return g.recomputed(node!, 1)
          case 'custom':
            return g.withCustomGradient(g.add(node!, node!), [node!], (gradient) => [g.mul(gradient, 2)])
        }
      })
    },
  },
}

/** A random shape of so many elements. */
function factored(random: CaseRandom, size: number): Shape {
  if (size === 0) return random.pick([[0], [3, 0], [0, 2, 1]])
  const shape: number[] = []
  let rest = size
  while (rest > 1 && shape.length < 5) {
    const factors = Array.from({ length: rest }, (_, i) => i + 1).filter((factor) => rest % factor === 0)
    const factor = random.pick(factors)
    shape.push(factor)
    rest /= factor
  }
  return rest > 1 || random.chance(0.3) ? [...shape, rest] : shape
}
