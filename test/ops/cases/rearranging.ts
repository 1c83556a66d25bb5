import * as F from '../../../src/nn/functional/index.ts'
import { concat, oneHot, stack, type Tensor, zeros } from '../../../src/tensor/index.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, type OpCase, tensorTrial } from '../../support/op-case.ts'

/** Of one tensor of any dtype; `plan` draws the parameters for its shape. */
function moving(
  plan: (random: CaseRandom, shape: readonly number[]) => (x: Tensor) => Tensor | readonly Tensor[],
  minRank = 1,
  maxRank = 4,
): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const x = random.any(random.solid(minRank, maxRank), random.dtype())
      const fn = plan(random, x.shape)
      return tensorTrial([x], (t) => fn(t!))
    },
  }
}

/** Images [n, c, h, w] for a factor. */
function image(
  plan: (random: CaseRandom) => { shape: readonly number[]; fn: (x: Tensor) => Tensor | readonly Tensor[] },
): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const { shape, fn } = plan(random)
      return tensorTrial([random.floats(shape)], (x) => fn(x!))
    },
  }
}

const sides = (random: CaseRandom): number[] => [random.integer(1, random.tiny ? 2 : 5), random.dimension(6)]

export const rearrangingCases: CaseTable = {
  flatten: moving((random, { length: rank }) => {
    const [start, end] = [random.axis(rank), random.axis(rank)].sort((a, b) => a - b) as [number, number]
    return (x) => x.flatten(random.smooth ? start : start - rank, end)
  }),
  squeeze: moving((random, shape) => {
    const axis = random.signedAxis(shape.length)
    return (x) => [x.squeeze(), x.unsqueeze(axis), x.unsqueeze(0).squeeze(0)]
  }),
  transpose: moving((random, { length: rank }) => {
    const [a, b] = [random.signedAxis(rank), random.signedAxis(rank)]
    return (x) => x.transpose(a, b)
  }),
  t: moving(() => (x) => x.t(), 2, 2),
  'view and reshape': moving(() => (x) => [x.view(-1), x.reshape(x.shape[0]!, -1)]),
  expand: moving((random, shape) => {
    const target = shape.map((d) => (d === 1 ? random.integer(1, 5) : random.chance() ? d : -1))
    return (x) => x.expand([random.tiny ? 2 : 3, ...target])
  }),
  expandAs: moving((random, shape) => {
    const whole = shape.map((d) => (d === 1 ? random.integer(1, 5) : d))
    return (x) => x.expandAs(zeros([random.tiny ? 2 : 3, ...whole]))
  }),
  slice: moving((random, shape) => {
    const specs = shape.map((size) => {
      if (random.chance(0.2)) return null
      if (random.chance(0.2)) return random.integer(-size, size - 1)
      const step = random.pick([1, 1, 2, 3, -1, -2])
      const bound = (): number => random.integer(-size - 1, size + 1)
      return random.chance(0.3) ? { step } : { start: bound(), stop: bound(), step }
    })
    return (x) => x.slice(...specs)
  }),
  'narrow and select': moving((random, shape) => {
    const axis = random.signedAxis(shape.length)
    const size = shape.at(axis)!
    const [start, at] = [random.integer(0, size - 1), random.integer(-size, size - 1)]
    const length = random.integer(1, size - start)
    return (x) => [x.narrow(axis, start, length), x.select(axis, at)]
  }),
  'split and chunk': moving((random, shape) => {
    const axis = random.signedAxis(shape.length)
    const size = random.integer(Math.ceil(shape.at(axis)! / 12), shape.at(axis)!)
    return (x) => [...x.split(size, axis), ...x.chunk(size, axis)]
  }),
  unbind: moving((random, shape) => {
    const axis = random.signedAxis(shape.length)
    return (x) => x.narrow(axis, 0, Math.min(shape.at(axis)!, 12)).unbind(axis)
  }),
  stack: moving((random, { length: rank }) => {
    const axis = random.signedAxis(rank + 1)
    return (x) => stack([x, x.flip(-1), x.flip(0)], axis)
  }),
  'concat of parts': moving((random, shape) => {
    const axis = random.axis(shape.length)
    const count = random.integer(1, 4)
    return (x) => concat([...x.chunk(count, axis).reverse(), x.flip(axis)], axis)
  }),
  flip: moving((random, { length: rank }) => {
    const axes = random.axes(rank).map((axis) => axis - rank)
    return (x) => x.flip(axes)
  }),
  roll: moving((random, { length: rank }) => {
    const axes = random.permutation(rank).slice(0, random.integer(1, rank))
    const shifts = axes.map(() => random.integer(-20, 20))
    return (x) => x.roll(shifts, axes)
  }),
  'pad, constant': moving((random, shape) => {
    const amounts = shape
      .flatMap((size) => [random.integer(-Math.min(size, 2) + 1, 3), random.integer(0, 3)])
      .reverse()
    const value = random.smooth ? 0.5 : random.integer(0, 9)
    return (x) => F.pad(x, amounts, { value })
  }),
  'pad, reflect': moving((random, shape) => {
    const amounts = shape.flatMap((size) => random.pair(0, Math.min(size - 1, 3))).reverse()
    return (x) => F.pad(x, amounts, { mode: 'reflect' })
  }),
  'pad, replicate': moving((random, shape) => {
    const amounts = shape.flatMap(() => random.pair(0, 3)).reverse()
    return (x) => F.pad(x, amounts, { mode: 'replicate' })
  }),
  'pad, circular': moving((random, shape) => {
    const amounts = shape.flatMap((size) => random.pair(0, Math.min(size, 3))).reverse()
    return (x) => F.pad(x, amounts, { mode: 'circular' })
  }),
  indexSelect: {
    gradient: true,
    draw: (random) => {
      const x = random.any(random.solid(1), random.dtype())
      const axis = random.signedAxis(x.shape.length)
      const index = random.integers([random.integer(1, 12)], 0, x.shape.at(axis)! - 1)
      return tensorTrial([x, index], (t, i) => t!.indexSelect(axis, i!))
    },
  },
  oneHot: {
    draw: (random) => {
      const classes = random.integer(1, 12)
      return tensorTrial([random.integers(random.shape(0, 3), 0, classes - 1)], (index) =>
        oneHot(index!, classes),
      )
    },
  },
  embedding: {
    gradient: true,
    draw: (random) => {
      const weight = random.floats([random.dimension(), random.dimension()])
      const index = random.integers(random.shape(0, 3), 0, weight.shape[0]! - 1)
      return tensorTrial([weight, index], (w, i) => F.embedding(i!, w!))
    },
  },
  pixelShuffle: image((random) => {
    const [r, [n, c]] = [random.integer(1, 3), sides(random) as [number, number]]
    const shape = [n, c * r * r, random.dimension(5), random.dimension(5)]
    return { shape, fn: (x) => F.pixelShuffle(x, r) }
  }),
  pixelUnshuffle: image((random) => {
    const r = random.integer(1, 3)
    const shape = [...sides(random), random.dimension(4) * r, random.dimension(4) * r]
    return { shape, fn: (x) => F.pixelUnshuffle(x, r) }
  }),
  channelShuffle: image((random) => {
    const [groups, [n, c]] = [random.integer(1, 4), sides(random) as [number, number]]
    return {
      shape: [n, c * groups, random.dimension(5), random.dimension(5)],
      fn: (x) => F.channelShuffle(x, groups),
    }
  }),
  'unfold and fold': image((random) => {
    const [kernel, stride, padding, dilation] = [
      random.pair(1, 3),
      random.pair(1, 3),
      random.pair(0, 2),
      random.pair(1, 2),
    ]
    const options = { stride, padding, dilation }
    const size = kernel.map(
      (k, i) => dilation[i]! * (k - 1) + 1 + random.integer(0, random.tiny ? 1 : 6),
    ) as [number, number]
    return {
      shape: [...sides(random), ...size],
      fn: (x) => {
        const columns = F.unfold(x, kernel, options)
        return [columns, F.fold(columns, size, kernel, options)]
      },
    }
  }),
}
