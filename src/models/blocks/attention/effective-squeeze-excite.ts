import { Conv2d, Module } from '../../../nn/index.ts'
import type { Tensor } from '../../../tensor/index.ts'
import { type Activation, activationLayer } from '../activation.ts'

/**
 * Effective squeeze-and-excitation (Lee and Park 2019, CenterMask): channels scaled by what one layer of full width makes of their
 * means. Takes and gives [batch, channels, height, width].
 */
export class EffectiveSqueezeExcite extends Module {
  fc: Conv2d
  gate: Module

  constructor(channels: number, gate: Activation = 'hardSigmoid') {
    super()
    this.fc = new Conv2d(channels, channels, 1)
    this.gate = activationLayer(gate, channels)
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.gate.forward(this.fc.forward(x.mean([2, 3], true))))
  }
}
