import {
  ELU,
  GELU,
  Hardsigmoid,
  Hardswish,
  LeakyReLU,
  Mish,
  type Module,
  PReLU,
  ReLU,
  ReLU6,
  Sigmoid,
  SiLU,
  Tanh,
} from '../../nn/index.ts'

export type ActivationName =
  | 'relu'
  | 'relu6'
  | 'leakyRelu'
  | 'prelu'
  | 'elu'
  | 'silu'
  | 'hardSwish'
  | 'mish'
  | 'gelu'
  | 'sigmoid'
  | 'hardSigmoid'
  | 'tanh'

type Layers = Readonly<Record<ActivationName, (channels: number) => Module>>

const layers: Layers = {
  relu: () => new ReLU(),
  relu6: () => new ReLU6(),
  leakyRelu: () => new LeakyReLU(0.1),
  prelu: (channels) => new PReLU(channels),
  elu: () => new ELU(),
  silu: () => new SiLU(),
  hardSwish: () => new Hardswish(),
  mish: () => new Mish(),
  gelu: () => new GELU(),
  sigmoid: () => new Sigmoid(),
  hardSigmoid: () => new Hardsigmoid(),
  tanh: () => new Tanh(),
}

/** An activation by name ('leakyRelu' has slope 0.1, as Darknet's; 'prelu' one slope a channel), or what makes one. */
export type Activation = ActivationName | ((channels: number) => Module)

export const activationNames: readonly ActivationName[] = Object.keys(layers) as ActivationName[]

export function activationLayer(activation: Activation, channels: number): Module {
  return typeof activation === 'function' ? activation(channels) : layers[activation](channels)
}
