import { BatchNorm2d, Conv2d, Module } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { type Activation, activationLayer } from './activation.ts'
import type { MobileLayer } from './mobile-search.ts'

/**
 * The inverted residual of Xiaomi's searched networks: expansion, depthwise convolution and projection named by numbers,
 * with squeeze-and-excitation before the last. The shortcut is there where the shape stays.
 * [batch, in, h, w] to [batch, out, h / stride, w / stride].
 */
export class NumberedInvertedResidual extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  act1: Module
  conv2: Conv2d
  bn2: BatchNorm2d
  act2: Module
  mid_se: Module | null
  conv3: Conv2d
  bn3: BatchNorm2d
  readonly #shortcut: boolean

  /** `squeeze` makes the squeeze-and-excitation of the given channels, where the layer has one. */
  constructor(
    { choice, inChannels, outChannels, stride }: MobileLayer,
    activation: Activation,
    squeeze: (channels: number) => Module,
  ) {
    super()
    const { kernel, expansion, squeeze: squeezes } = choice!
    const hidden = inChannels * expansion
    const padding = (kernel - 1) / 2
    this.conv1 = new Conv2d(inChannels, hidden, 1, { bias: false })
    this.bn1 = new BatchNorm2d(hidden)
    this.act1 = activationLayer(activation, hidden)
    this.conv2 = new Conv2d(hidden, hidden, kernel, { stride, padding, groups: hidden, bias: false })
    this.bn2 = new BatchNorm2d(hidden)
    this.act2 = activationLayer(activation, hidden)
    this.mid_se = squeezes ? squeeze(hidden) : null
    this.conv3 = new Conv2d(hidden, outChannels, 1, { bias: false })
    this.bn3 = new BatchNorm2d(outChannels)
    this.#shortcut = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const expanded: Tensor = this.act1.forward(this.bn1.forward(this.conv1.forward(x)))
    const filtered: Tensor = this.act2.forward(this.bn2.forward(this.conv2.forward(expanded)))
    const scaled: Tensor = this.mid_se ? this.mid_se.forward(filtered) : filtered
    const y = this.bn3.forward(this.conv3.forward(scaled))
    return this.#shortcut ? x.add(y) : y
  }
}
