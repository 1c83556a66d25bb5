import { DropPath, type Module, ModuleDict } from '../../nn/index.ts'
import { concat, type Tensor } from '../../tensor/index.ts'
import { ConvNormAct } from './conv-norm-act.ts'

export interface OneShotAggregationOptions {
  /** Makes one of the layers in a chain; 3x3 convolutions with normalisation and ReLU unless given. */
  readonly layer?: (inChannels: number, outChannels: number) => Module
  /** Comes before the chain, whose first layer then has `width` channels to see; the input itself is aggregated as it is. */
  readonly reduction?: Module
  /** Comes after the aggregation. */
  readonly attention?: Module
  /** Whether the input is added to the output, which has as many channels then. */
  readonly residual?: boolean
  /** The probability with which the output, but for the input added, is dropped in training. */
  readonly dropPath?: number
  /** Names in state dicts: of the chain, of its layers by number (from 1), and of the aggregation; timm's unless given. */
  readonly names?: OneShotAggregationNames
}

export interface OneShotAggregationNames {
  readonly chain: string
  readonly layer: (position: number) => string
  readonly aggregation: string
}

const timmNames: OneShotAggregationNames = {
  chain: 'conv_mid',
  layer: (position) => String(position - 1),
  aggregation: 'conv_concat',
}

/**
 * One-shot aggregation (Lee et al. 2019, section 3.2): a chain of `layers` layers of `width` channels, all of whose outputs
 * and the input are concatenated once, at the end, for a 1x1 convolution to `outChannels`. Takes
 * [batch, inChannels, height, width] and keeps the size.
 */
export class OneShotAggregation extends ModuleDict {
  readonly #chain: string
  readonly #aggregation: string
  readonly #residual: boolean

  constructor(
    inChannels: number,
    width: number,
    outChannels: number,
    layers: number,
    options: OneShotAggregationOptions = {},
  ) {
    const {
      layer = (from, to) => new ConvNormAct(from, to, 3),
      residual = false,
      names = timmNames,
    } = options
    if (residual && inChannels !== outChannels) {
      throw new RangeError(
        `OneShotAggregation: ${inChannels} channels cannot be added to ${outChannels}; leave residual out`,
      )
    }
    super()
    const first = options.reduction ? width : inChannels
    if (options.reduction) this.add('conv_reduction', options.reduction)
    const chain = Array.from(
      { length: layers },
      (_, i) => [names.layer(i + 1), layer(i === 0 ? first : width, width)] as const,
    )
    this.add(names.chain, new ModuleDict(chain))
    this.add(names.aggregation, new ConvNormAct(inChannels + layers * width, outChannels, 1))
    if (options.attention) this.add('attn', options.attention)
    if (options.dropPath) this.add('drop_path', new DropPath(options.dropPath))
    this.#chain = names.chain
    this.#aggregation = names.aggregation
    this.#residual = residual
  }

  override forward(x: Tensor): Tensor {
    const run = (name: string, y: Tensor): Tensor => (this.has(name) ? this.get(name).forward(y) : y)
    const maps = [x]
    let y = run('conv_reduction', x)
    for (const layer of this.get(this.#chain) as ModuleDict) {
      y = layer.forward(y)
      maps.push(y)
    }
    const aggregated = run('drop_path', run('attn', run(this.#aggregation, concat(maps, 1))))
    return this.#residual ? aggregated.add(x) : aggregated
  }
}
