import { F, init, Module, type Parameter, parameter } from '../nn/index.ts'
import { concat, ones, type Tensor, zeros } from '../tensor/index.ts'
import type { DarknetSectionOf } from '../weights/darknet/config.ts'
import type { DarknetLayer, DarknetMap } from '../weights/darknet/layers.ts'
import { activate } from './darknet-activations.ts'

/** A convolution with filters of its own at every place, as `[local]`; for images of the configuration's size alone. */
export class DarknetLocal extends Module {
  bias: Parameter
  weight: Parameter
  readonly #section: DarknetSectionOf<'local'>

  constructor({ from, out }: DarknetLayer, section: DarknetSectionOf<'local'>) {
    super()
    const { filters, size } = section
    this.#section = section
    this.bias = parameter(zeros([filters, out.height, out.width]))
    this.weight = parameter(zeros([out.height * out.width, filters, from.channels * size * size]))
    init.normal(this.weight, 0, Math.sqrt(2 / (from.channels * size * size)))
  }

  override forward(x: Tensor): Tensor {
    const { size, stride, padding, activation } = this.#section
    // [places, values, batch], so that each place multiplies by its own filters.
    const windows = F.unfold(x, size, { stride, padding }).permute(2, 1, 0)
    const [filters, height, width] = this.bias.shape as [number, number, number]
    const y = this.weight.matmul(windows).permute(2, 1, 0).reshape(x.shape[0]!, filters, height, width)
    return activate[activation](y.add(this.bias))
  }
}

/**
 * Windows' pixels as channels, or back, as `[reorg]` and `[reorg3d]`. The former takes the memory of the map that it is given
 * for that of one with fewer channels and more pixels; so does the latter on the way back.
 */
export class DarknetReorg extends Module {
  readonly #section: DarknetSectionOf<'reorg' | 'reorg3d'>

  constructor(section: DarknetSectionOf<'reorg' | 'reorg3d'>) {
    super()
    this.#section = section
  }

  override forward(x: Tensor): Tensor {
    const { type, stride: s, reverse } = this.#section
    const [batch, channels, height, width] = x.shape as [number, number, number, number]
    const out: DarknetMap = reverse
      ? { channels: channels / (s * s), height: height * s, width: width * s }
      : { channels: channels * s * s, height: height / s, width: width / s }
    // The map whose places the formula counts: what comes in for reorg, what goes out for reorg3d.
    const counted: DarknetMap = type === 'reorg' ? { channels, height, width } : out
    const depth = counted.channels / (s * s)
    const { height: h, width: w } = counted
    const moved = reverse
      ? x.reshape(batch, s, s, depth, h, w).permute(0, 3, 4, 1, 5, 2)
      : x.reshape(batch, depth, h, s, w, s).permute(0, 3, 5, 1, 2, 4)
    return moved.reshape(batch, out.channels, out.height, out.width)
  }
}

/**
 * The sum of layers' outputs, as `[shortcut]`: as many channels of the others as the first has, and of larger maps every so
 * many-th pixel.
 */
export class DarknetShortcut extends Module {
  weight: Parameter | null
  readonly #section: DarknetSectionOf<'shortcut'>

  constructor({ inputs, out }: DarknetLayer, section: DarknetSectionOf<'shortcut'>) {
    super()
    this.#section = section
    this.weight =
      section.weights === undefined
        ? null
        : parameter(ones(section.weights === 'per_feature' ? [inputs.length] : [inputs.length, out.channels]))
  }

  override forward(x: Tensor, ...others: Tensor[]): Tensor {
    const weights = this.weight && normalized(this.weight, this.#section.weightsNormalization)
    const weighted = (input: Tensor, i: number): Tensor => {
      if (weights === null) return input
      const weight = weights.select(0, i)
      return input.mul(weight.rank === 0 ? weight : weight.narrow(0, 0, input.shape[1]!).reshape(1, -1, 1, 1))
    }
    const sum = others.reduce(
      (total, larger, i) => {
        const other = thinned(larger, total)
        const [own, theirs] = [total.shape[1]!, other.shape[1]!]
        const shared = Math.min(own, theirs)
        if (own === theirs) return total.add(weighted(other, i + 1))
        const added = total.narrow(1, 0, shared).add(weighted(other.narrow(1, 0, shared), i + 1))
        return own > shared ? concat([added, total.narrow(1, shared, own - shared)], 1) : added
      },
      weighted(x, 0),
    )
    return activate[this.#section.activation](sum)
  }
}

/** Every so many-th pixel of a map, as many as another one has. */
function thinned(x: Tensor, { shape }: Tensor): Tensor {
  const [height, width] = shape.slice(2) as [number, number]
  const step = Math.floor(x.shape[3]! / width)
  if (step === 1 && x.shape[2] === height && x.shape[3] === width) return x
  return x.slice(null, null, { stop: (height - 1) * step + 1, step }, { stop: (width - 1) * step + 1, step })
}

/** Weights of layers, axis 0, that together come to 1 or a little less. */
function normalized(weight: Tensor, how: DarknetSectionOf<'shortcut'>['weightsNormalization']): Tensor {
  if (how === undefined) return weight
  const sizes = how === 'relu' ? weight.relu() : weight.sub(weight.amax(0, true)).exp()
  return sizes.div(sizes.sum(0, true).add(1e-4))
}

/**
 * Local response normalization (Krizhevsky et al. 2012) over `size` channels, as `[normalization]`. Darknet's own sums lack
 * one channel, the one after the first half of a window, which its networks were trained with.
 */
export class DarknetNormalization extends Module {
  readonly #section: DarknetSectionOf<'normalization'>

  constructor(section: DarknetSectionOf<'normalization'>) {
    super()
    this.#section = section
  }

  override forward(x: Tensor): Tensor {
    const { size, alpha, beta, kappa } = this.#section
    const channels = x.shape[1]!
    const squares = x.square()
    const [before, after] = [Math.floor((size - 1) / 2), Math.floor(size / 2)]
    const padded = F.pad(squares, [0, 0, 0, 0, before, after])
    let sum = padded.narrow(1, 0, channels)
    for (let shift = 1; shift < size; shift++) sum = sum.add(padded.narrow(1, shift, channels))
    if (after < channels) sum = sum.sub(squares.narrow(1, after, 1))
    return x.mul(sum.mul(alpha).add(kappa).pow(-beta))
  }
}
