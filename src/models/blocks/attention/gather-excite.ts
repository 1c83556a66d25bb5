import {
  BatchNorm2d,
  Conv2d,
  F,
  Identity,
  type Module as Layer,
  Module,
  ReLU,
  Sequential,
} from '../../../nn/index.ts'
import type { Tensor } from '../../../tensor/index.ts'
import { ConvMlp } from './conv-mlp.ts'

export interface GatherExciteOptions {
  /** Pixels a side that are gathered into one, a power of two; 0, the default, for the whole map. */
  readonly extent?: number
  /** Gathers by depthwise convolutions instead of means; needs an extent. */
  readonly extraParams?: boolean
  /** Whether two 1x1 convolutions work on what was gathered; default true. */
  readonly mlp?: boolean
  /** Their hidden channels; a sixteenth of the channels unless given. */
  readonly hidden?: number
}

/**
 * Gather-excite (Hu et al. 2018), with timm's names: a map scaled by what was gathered around each pixel. Takes and gives
 * [batch, channels, height, width].
 */
export class GatherExcite extends Module {
  gather: Sequential | null
  mlp: Layer
  readonly #extent: number

  constructor(channels: number, options: GatherExciteOptions = {}) {
    super()
    const { extent = 0, extraParams = false, mlp = true } = options
    const steps = Math.log2(extent)
    if (extent !== 0 && !(Number.isInteger(steps) && steps >= 1)) {
      throw new RangeError(`GatherExcite: extent must be 0 or a power of two, got ${extent}`)
    }
    if (extraParams && extent === 0) {
      throw new RangeError(
        'GatherExcite: extraParams needs an extent: convolutions over a whole map know one size only',
      )
    }
    this.gather = extraParams ? gatherBy(steps, channels) : null
    this.mlp = mlp
      ? new ConvMlp(channels, options.hidden ?? Math.max(1, Math.floor(channels / 16 + 0.5)))
      : new Identity()
    this.#extent = extent
  }

  override forward(x: Tensor): Tensor {
    const factors: Tensor = this.mlp.forward(this.#gathered(x))
    const [height, width] = x.shape.slice(2) as [number, number]
    const small = factors.shape[2] === 1 && factors.shape[3] === 1
    const spread = small ? factors : F.interpolate(factors, { size: [height, width], mode: 'nearest' })
    return x.mul(spread.sigmoid())
  }

  #gathered(x: Tensor): Tensor {
    if (this.gather !== null) return this.gather.forward(x)
    const extent = this.#extent
    if (extent === 0) return x.mean([2, 3], true)
    return F.avgPool2d(x, 2 * extent - 1, { stride: extent, padding: extent - 1, countIncludePad: false })
  }
}

function gatherBy(steps: number, channels: number): Sequential {
  const layers = Array.from({ length: steps }, (_, i): (readonly [string, Layer])[] => [
    [
      `conv${i + 1}`,
      new Conv2d(channels, channels, 3, { stride: 2, padding: 1, groups: channels, bias: false }),
    ],
    [`norm${i + 1}`, new BatchNorm2d(channels)],
    ...(i < steps - 1 ? [[`act${i + 1}`, new ReLU()] as const] : []),
  ])
  return new Sequential(...layers.flat())
}
