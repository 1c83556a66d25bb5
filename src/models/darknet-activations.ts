import { F } from '../nn/index.ts'
import { type Tensor, where } from '../tensor/index.ts'
import type { DarknetActivation } from '../weights/darknet/config.ts'

/** Where x is above 0, x; elsewhere below(x). */
const aboveZero = (x: Tensor, below: Tensor): Tensor => where(x.gt(0), x, below)

/** So that sums of channels are never 0. */
const channelEps = 1e-4

const softmaxOverChannels = (exponents: Tensor): Tensor => {
  const powers = exponents.exp()
  return powers.div(powers.sum(1, true).add(channelEps))
}

/** What Darknet's activations compute, in its own approximations, of maps whose channels are axis 1. */
export const activate: Readonly<Record<DarknetActivation, (x: Tensor) => Tensor>> = {
  linear: (x) => x,
  leaky: (x) => F.leakyRelu(x, 0.1),
  // Its gradient is the reverse of leaky's.
  revleaky: (x) => F.leakyRelu(x, 0.1),
  relu: F.relu,
  relu6: F.relu6,
  mish: F.mish,
  hard_mish: (x) => aboveZero(x, where(x.gt(-2), x.mul(x).div(2).add(x), 0)),
  swish: F.silu,
  logistic: (x) => x.sigmoid(),
  loggy: (x) => x.sigmoid().mul(2).sub(1),
  elu: (x) => F.elu(x),
  selu: F.selu,
  gelu: (x) => F.gelu(x, { approximate: 'tanh' }),
  relie: (x) => F.leakyRelu(x, 0.01),
  ramp: (x) => x.relu().add(x.mul(0.1)),
  tanh: (x) => x.tanh(),
  plse: (x) =>
    where(x.lt(-4), x.add(4).mul(0.01), where(x.gt(4), x.sub(4).mul(0.01).add(1), x.mul(0.125).add(0.5))),
  hardtan: (x) => x.clamp(-1, 1),
  lhtan: (x) => where(x.lt(0), x.mul(0.001), where(x.gt(1), x.sub(1).mul(0.001).add(1), x)),
  // Flat over every other unit, rising over the rest.
  stair: (x) => {
    const floor = x.floor()
    const half = x.div(2).floor()
    return where(floor.eq(half.mul(2)), half, half.add(x).sub(floor))
  },
  normalize_channels: (x) => x.relu().div(x.relu().sum(1, true).add(channelEps)),
  normalize_channels_softmax: softmaxOverChannels,
  normalize_channels_softmax_maxval: (x) => softmaxOverChannels(x.sub(x.amax(1, true))),
}
