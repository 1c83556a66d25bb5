import { AvgPool2d, MaxPool2d, Sequential } from '../../nn/index.ts'
import { batchNorm, ConvNormAct, type ConvNormActOptions } from './conv-norm-act.ts'

export type InceptionKernel = number | readonly [number, number]

/** Convolution, batch normalization of Inception's epsilon and ReLU. Padding keeps the size unless given. */
export const inceptionUnit = (
  from: number,
  to: number,
  kernel: InceptionKernel,
  options: Pick<ConvNormActOptions, 'stride' | 'padding'> = {},
): ConvNormAct => new ConvNormAct(from, to, kernel, { norm: batchNorm(1e-3), ...options })

/** The convolution that ends a branch where the map becomes half as large. */
export const shrinkingUnit = (from: number, to: number): ConvNormAct =>
  inceptionUnit(from, to, 3, { stride: 2, padding: 0 })

/** Convolutions one after the other: output channels and kernel of each. */
export function inceptionLine(
  from: number,
  ...layers: readonly (readonly [channels: number, kernel: InceptionKernel])[]
): Sequential {
  const inputs = [from, ...layers.map(([channels]) => channels)]
  return new Sequential(...layers.map(([channels, kernel], i) => inceptionUnit(inputs[i]!, channels, kernel)))
}

/** Means of 3x3 pixels, of fewer at the border, and a 1x1 convolution. */
export const averagedUnit = (from: number, to: number): Sequential =>
  new Sequential(
    new AvgPool2d(3, { stride: 1, padding: 1, countIncludePad: false }),
    inceptionUnit(from, to, 1),
  )

export const inceptionMaxima = (): MaxPool2d => new MaxPool2d(3, { stride: 2 })

/** A line of convolutions, then the one that shrinks. */
export function shrinkingLine(
  from: number,
  layers: readonly (readonly [channels: number, kernel: InceptionKernel])[],
  channels: number,
): Sequential {
  const last = layers.at(-1)![0]
  return inceptionLine(from, ...layers).append(shrinkingUnit(last, channels))
}
