import { BatchNorm2d, Conv2d, F, init, Linear, type Module, ReLU, Sequential } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'

/**
 * The even channels of x [batch, channels, height, width] and its odd ones, half of them each: a channel shuffle into two
 * groups undone, which is how ShuffleNet V2 units of Megvii's code begin.
 */
export function evenAndOddChannels(x: Tensor): readonly [even: Tensor, odd: Tensor] {
  return F.channelShuffle(x, x.shape[1]! / 2).chunk(2, 1) as [Tensor, Tensor]
}

/** The branch of a ShuffleNet V2 unit that computes: 1x1, depthwise, 1x1, through half as many channels as the unit gives. */
export function shuffleUnitBranch(
  inChannels: number,
  middle: number,
  outChannels: number,
  kernel: number,
  stride: number,
): Sequential {
  return new Sequential(
    new Conv2d(inChannels, middle, 1, { bias: false }),
    new BatchNorm2d(middle),
    new ReLU(),
    ...depthwise(middle, kernel, stride),
    new Conv2d(middle, outChannels, 1, { bias: false }),
    new BatchNorm2d(outChannels),
    new ReLU(),
  )
}

/** The other branch of a ShuffleNet V2 unit of stride 2: depthwise and 1x1, which keep the number of channels. */
export function shuffleUnitProjection(channels: number, kernel: number): Sequential {
  return new Sequential(
    ...depthwise(channels, kernel, 2),
    new Conv2d(channels, channels, 1, { bias: false }),
    new BatchNorm2d(channels),
    new ReLU(),
  )
}

function depthwise(channels: number, kernel: number, stride: number): Module[] {
  const padding = (kernel - 1) / 2
  return [
    new Conv2d(channels, channels, kernel, { stride, padding, groups: channels, bias: false }),
    new BatchNorm2d(channels),
  ]
}

/**
 * Draws weights as Megvii's ShuffleNets do: convolutions with a deviation of 1 / (input channels of a group), but 0.01 for
 * those of `first`; linear layers with 0.01; shifts of batch normalization are 1e-4.
 */
export function initializeShuffleNet(network: Module, first: Module): void {
  const stem = new Set(first.modules())
  for (const module of network.modules()) {
    if (module instanceof Conv2d) {
      init.normal(module.weight, 0, stem.has(module) ? 0.01 : 1 / module.weight.shape[1]!)
      if (module.bias) init.zeros(module.bias)
    } else if (module instanceof BatchNorm2d) {
      init.constant(module.bias!, 1e-4)
    } else if (module instanceof Linear) {
      initializeShuffleNetClassifier(module)
    }
  }
}

/** The last layer of `initializeShuffleNet`. */
export function initializeShuffleNetClassifier(layer: Linear | Conv2d): void {
  init.normal(layer.weight, 0, 0.01)
  if (layer.bias) init.zeros(layer.bias)
}
