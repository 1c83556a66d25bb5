import { inputNode } from '../../../src/graph/node.ts'
import { full, iota, random as uniform } from '../../../src/graph/ops/index.ts'
import { HostStorage } from '../../../src/graph/storage.ts'
import { type CaseTable, nodeTrial } from '../../support/op-case.ts'

export const leafCases: CaseTable<'input' | 'full' | 'iota' | 'random'> = {
  input: {
    draw: (random) => {
      const { shape, dtype, values } = random.any(random.shape(), random.dtype())
      return nodeTrial([], () =>
        inputNode(new HostStorage(dtype, values), shape, { persistent: random.chance() }),
      )
    },
  },
  full: {
    elementwise: true,
    draw: (random) => {
      const dtype = random.dtype(['float32', 'int32', 'uint8', 'bool'])
      const whole = [0, 1, -1, 7, 255, 300, -300, 2 ** 31 - 1, -(2 ** 31)]
      const values = dtype === 'float32' ? [0.1, -0, 1e38, Number.NEGATIVE_INFINITY, Number.NaN] : whole
      const [shape, value] = [random.shape(), random.pick(values)]
      return nodeTrial([], () => full(shape, value, dtype))
    },
  },
  iota: {
    draw: (random) => {
      const dtype = random.dtype(['float32', 'int32', 'uint8'])
      const shape = random.shape(1)
      const axis = random.axis(shape.length)
      const fraction = dtype === 'float32' ? 0.25 : 1
      const [start, step] = [random.integer(-9, 9) * fraction, random.integer(-4, 4) * fraction]
      return nodeTrial([], () => iota(shape, axis, dtype, start, step))
    },
  },
  random: {
    tolerance: 0,
    draw: (random) => {
      const key = random.any([4], 'int32')
      const shape = random.shape(0, 5)
      return nodeTrial([key], (node) => uniform(node!, shape))
    },
  },
}
