import { Conv2d, LayerNorm, Module, ReLU } from '../../../nn/index.ts'
import type { Tensor } from '../../../tensor/index.ts'

/** Layer normalisation over the channels of [batch, channels, height, width]. */
export class ChannelLayerNorm extends LayerNorm {
  override forward(x: Tensor): Tensor {
    return super.forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
  }
}

/** Two 1x1 convolutions with ReLU between, layer normalisation before it where asked for; timm's ConvMlp. */
export class ConvMlp extends Module {
  fc1: Conv2d
  norm: ChannelLayerNorm | null
  act: ReLU
  fc2: Conv2d

  constructor(channels: number, hidden: number, { norm = false }: { readonly norm?: boolean } = {}) {
    super()
    this.fc1 = new Conv2d(channels, hidden, 1)
    this.norm = norm ? new ChannelLayerNorm(hidden, { eps: 1e-6 }) : null
    this.act = new ReLU()
    this.fc2 = new Conv2d(hidden, channels, 1)
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.fc1.forward(x)
    return this.fc2.forward(this.act.forward(this.norm === null ? hidden : this.norm.forward(hidden)))
  }
}
