import type { Axes, Tensor } from '../../../src/tensor/index.ts'
import type { CaseRandom } from '../../support/case-random.ts'
import { type CaseTable, type OpCase, type Operand, tensorTrial } from '../../support/op-case.ts'

type Values = (random: CaseRandom, shape: readonly number[]) => Operand

const floats: Values = (random, shape) => random.floats(shape)
const comparable: Values = (random, shape) =>
  random.smooth ? random.distinct(shape) : random[random.pick(['ties', 'floats', 'specials'] as const)](shape)

/** Of an integer dtype, now and then the least and the largest of it. */
const integers: Values = (random, shape) => {
  const dtype = random.dtype(['int32', 'uint8', 'bool'])
  if (dtype === 'int32' && random.chance())
    return random.drawn(shape, dtype, () => random.pick([-(2 ** 31), 1 - 2 ** 31, -1, 0, 2 ** 31 - 1]))
  return random.chance() ? random.ties(shape, dtype) : random.any(shape, dtype)
}
const ordered: Values = (random, shape) =>
  random.smooth || random.chance() ? comparable(random, shape) : integers(random, shape)

/** Over some axes, counted from either end, or over all. */
function reduction(
  fn: (x: Tensor, axes: Axes | undefined, keepdim: boolean) => Tensor,
  values: Values = floats,
  options: Omit<OpCase, 'draw'> = { gradient: true },
): OpCase {
  return {
    ...options,
    draw: (random) => {
      const shape = random.solid(0)
      const axes = random.axes(shape.length).map((axis) => (random.chance() ? axis - shape.length : axis))
      const chosen = random.chance(0.2) ? undefined : axes.length === 1 && random.chance() ? axes[0] : axes
      const keepdim = random.chance()
      return tensorTrial([values(random, shape)], (x) => fn(x!, chosen, keepdim))
    },
  }
}

/** Along one axis, counted from either end. */
function alongAxis(
  fn: (
    x: Tensor,
    axis: number,
    keepdim: boolean,
    random: { count: number; descending: boolean },
  ) => Tensor | Tensor[],
  values: Values = ordered,
  gradient = true,
): OpCase {
  return {
    gradient,
    draw: (random) => {
      const shape = random.solid(1)
      const [axis, keepdim] = [random.signedAxis(shape.length), random.chance()]
      const choice = { count: random.integer(1, shape.at(axis)!), descending: random.chance() }
      return tensorTrial([values(random, shape)], (x) => fn(x!, axis, keepdim, choice))
    },
  }
}

const flags: Values = (random, shape) => random.ties(shape, random.dtype())

export const reductionMethodCases: CaseTable = {
  sum: reduction((x, axes, keepdim) => x.sum(axes, keepdim)),
  'sum of integers': reduction((x, axes, keepdim) => x.sum(axes, keepdim), integers, { floor: 1 }),
  mean: reduction((x, axes, keepdim) => x.mean(axes, keepdim)),
  'mean of integers': reduction((x, axes, keepdim) => x.mean(axes, keepdim), flags, {}),
  var: reduction((x, axes, keepdim) => x.var(axes, { correction: 0, keepdim })),
  'var, unbiased': reduction((x, axes, keepdim) => x.var(axes, { keepdim }), floats, {}),
  std: reduction((x, axes, keepdim) => x.std(axes, { correction: 0, keepdim }), floats, {}),
  prod: reduction(
    (x, axes, keepdim) => x.prod(axes, keepdim),
    (random, shape) => random.floats(shape, 0.7, 1.3),
  ),
  'prod of integers': reduction((x, axes, keepdim) => x.prod(axes, keepdim), integers, {}),
  amax: reduction((x, axes, keepdim) => x.amax(axes, keepdim), ordered),
  amin: reduction((x, axes, keepdim) => x.amin(axes, keepdim), ordered),
  any: reduction((x, axes, keepdim) => x.any(axes, keepdim), flags, {}),
  all: reduction((x, axes, keepdim) => x.all(axes, keepdim), flags, {}),
  max: alongAxis((x, axis, keepdim) => x.max(axis, keepdim)),
  min: alongAxis((x, axis, keepdim) => x.min(axis, keepdim)),
  maxWithIndices: alongAxis((x, axis, keepdim) => {
    const { values, indices } = x.maxWithIndices(axis, keepdim)
    return [values, indices]
  }),
  minWithIndices: alongAxis((x, axis, keepdim) => {
    const { values, indices } = x.minWithIndices(axis, keepdim)
    return [values, indices]
  }),
  argmax: alongAxis((x, axis, keepdim) => [x.argmax(axis, keepdim), x.argmax()], ordered, false),
  argmin: alongAxis((x, axis, keepdim) => [x.argmin(axis, keepdim), x.argmin()], ordered, false),
  cumsum: alongAxis((x, axis) => x.cumsum(axis), floats),
  cummax: alongAxis((x, axis) => {
    const { values, indices } = x.cummax(axis)
    return [values, indices]
  }),
  argsort: alongAxis(
    (x, axis, _keepdim, { descending }) => [x.argsort(axis, descending), x.argsort()],
    comparable,
    false,
  ),
  sort: alongAxis((x, axis, _keepdim, { descending }) => {
    const { values, indices } = x.sort(axis, descending)
    return [values, indices]
  }),
  topk: alongAxis((x, axis, _keepdim, { count, descending }) => {
    const { values, indices } = x.topk(count, axis, descending)
    return [values, indices]
  }),
}
