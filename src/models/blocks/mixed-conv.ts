import { Conv2d, Module } from '../../nn/index.ts'
import { concat, type Tensor } from '../../tensor/index.ts'
import { type ConvPadding, paddingOf } from './conv-norm-act.ts'

export interface MixedConv2dOptions {
  readonly stride?: number
  readonly dilation?: number
  /** One filter a channel; otherwise every part is a dense convolution of its own. */
  readonly depthwise?: boolean
  /** 'symmetric' unless given. */
  readonly padding?: ConvPadding
}

/** Shares of `channels` as even as integers are; what is left over goes to the first. */
export function splitChannels(channels: number, parts: number): number[] {
  const share = Math.floor(channels / parts)
  return Array.from({ length: parts }, (_, i) => (i === 0 ? channels - share * (parts - 1) : share))
}

/**
 * Mixed convolution (Tan and Le 2019, section 3): the channels in as many parts as there are kernel sizes, each convolved by
 * its own. Takes [batch, inChannels, height, width] and gives [batch, outChannels, height / stride, width / stride],
 * rounded up. The parts are named '0', '1', … and have no bias.
 */
export class MixedConv2d extends Module {
  readonly #parts: readonly Conv2d[]
  readonly #starts: readonly number[]

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSizes: readonly number[],
    options: MixedConv2dOptions = {},
  ) {
    super()
    const { stride = 1, dilation = 1, depthwise = false, padding = 'symmetric' } = options
    if (kernelSizes.length === 0 || Math.min(inChannels, outChannels) < kernelSizes.length) {
      throw new RangeError(
        `MixedConv2d: ${kernelSizes.length} kernel sizes do not share ${inChannels} channels in and ${outChannels} out`,
      )
    }
    const outputs = splitChannels(outChannels, kernelSizes.length)
    const inputs = splitChannels(inChannels, kernelSizes.length)
    this.#starts = inputs.map((_, i) => inputs.slice(0, i).reduce((a, b) => a + b, 0))
    this.#parts = kernelSizes.map(
      (kernelSize, i) =>
        new Conv2d(inputs[i]!, outputs[i]!, kernelSize, {
          stride,
          dilation,
          groups: depthwise ? inputs[i]! : 1,
          padding: paddingOf(padding, kernelSize, dilation),
          bias: false,
        }),
    )
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    for (const [i, part] of this.#parts.entries()) yield [String(i), part]
  }

  override forward(x: Tensor): Tensor {
    const outputs = this.#parts.map((part, i) => part.forward(x.narrow(1, this.#starts[i]!, part.inChannels)))
    return concat(outputs, 1)
  }
}
