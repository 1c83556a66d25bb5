import { AvgPool2d, Conv2d, F, Linear, MaxPool2d, Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { LeNet5Original } from './lenet-1998.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface LeNetOptions extends NetworkOptions {
  /** 'tanh' with 'average' is nearest to the paper. */
  readonly activation?: 'relu' | 'tanh'
  readonly pooling?: 'max' | 'average'
}

const lenetOptions: OptionKinds<LeNetOptions> = {
  ...networkOptions,
  activation: ['relu', 'tanh'],
  pooling: ['max', 'average'],
}

/**
 * LeNet-5 (LeCun et al. 1998) as it is taught today: full connections to C3. Takes [batch, 1, 32, 32]. It is too shallow to
 * gain from gradient checkpointing, which changes nothing here.
 */
export class LeNet5 extends Network {
  conv1: Conv2d
  conv2: Conv2d
  fc1: Linear
  fc2: Linear
  fc3: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'conv1', channels: 6, stride: 1 },
    { name: 'conv2', channels: 16, stride: 2 },
  ]
  readonly #activate: (x: Tensor) => Tensor
  readonly #pool: MaxPool2d | AvgPool2d

  constructor({ numClasses = 10, inChannels = 1, activation = 'relu', pooling = 'max' }: LeNetOptions = {}) {
    super()
    this.numClasses = numClasses
    this.#activate = activation === 'relu' ? F.relu : F.tanh
    this.#pool = pooling === 'max' ? new MaxPool2d(2) : new AvgPool2d(2)
    this.conv1 = new Conv2d(inChannels, 6, 5)
    this.conv2 = new Conv2d(6, 16, 5)
    this.fc1 = new Linear(400, 120)
    this.fc2 = new Linear(120, 84)
    this.fc3 = new Linear(84, numClasses)
  }

  forwardFeatures(x: Tensor): Tensor {
    const pooled = this.#pool.forward(this.#activate(this.conv1.forward(x)))
    return this.#pool.forward(this.#activate(this.conv2.forward(pooled)))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const hidden = this.#activate(this.fc1.forward(x.flatten(1)))
    const descriptor = this.#activate(this.fc2.forward(hidden))
    return preLogits ? descriptor : this.fc3.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc3']
  }

  override headNames(): readonly string[] {
    return ['fc1', 'fc2', 'fc3']
  }
}

/** A block with one child under its own name, as the reference nests its modules. */
class Named<N extends string> extends Module {
  readonly #name: N

  constructor(name: N, child: Module) {
    super()
    this.#name = name
    Object.assign(this, { [name]: child })
  }

  override forward(x: Tensor): Tensor {
    return (this as unknown as Record<N, { forward(x: Tensor): Tensor }>)[this.#name].forward(x)
  }
}

/**
 * LeNet-5 with two C2 branches, pooled and then added; gives log-probabilities. Takes [batch, 1, 32, 32]. As in LeNet5,
 * gradient checkpointing changes nothing.
 */
export class LeNet5DualC2 extends Network {
  c1: Module
  c2_1: Module
  c2_2: Module
  c3: Module
  f4: Module
  f5: Module
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'c1', channels: 6, stride: 2 },
    { name: 'c3', channels: 120, stride: 4 },
  ]

  constructor({ numClasses = 10, inChannels = 1 }: NetworkOptions = {}) {
    super()
    this.numClasses = numClasses
    const pooled = (name: string, from: number, to: number): Sequential =>
      new Sequential({ [name]: new Conv2d(from, to, 5), relu: new ReLU(), pool: new MaxPool2d(2) })
    this.c1 = new Named('c1', pooled('c1', inChannels, 6))
    this.c2_1 = new Named('c2', pooled('c2', 6, 16))
    this.c2_2 = new Named('c2', pooled('c2', 6, 16))
    this.c3 = new Named('c3', new Sequential({ c3: new Conv2d(16, 120, 5), relu: new ReLU() }))
    this.f4 = new Named('f4', new Sequential({ f4: new Linear(120, 84), relu: new ReLU() }))
    this.f5 = classifier(numClasses)
  }

  forwardFeatures(x: Tensor): Tensor {
    const first = this.c1.forward(x)
    return this.c3.forward(this.c2_1.forward(first).add(this.c2_2.forward(first)))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.f4.forward(x.flatten(1))
    return preLogits ? descriptor : this.f5.forward(descriptor).logSoftmax(-1)
  }

  classifierNames(): readonly string[] {
    return ['f5.f5.f5']
  }

  override headNames(): readonly string[] {
    return ['f4', 'f5']
  }
}

function classifier(numClasses: number): Module {
  return new Named('f5', new Sequential({ f5: new Linear(84, numClasses) }))
}

export const variants: {
  readonly lenet5: Variant<LeNetOptions>
  readonly lenet5_dual_c2: Variant<NetworkOptions>
  readonly lenet5_1998: Variant<NetworkOptions>
} = {
  lenet5: { options: lenetOptions, create: (options) => new LeNet5(options) },
  lenet5_dual_c2: { options: networkOptions, create: (options) => new LeNet5DualC2(options) },
  lenet5_1998: { options: networkOptions, create: (options) => new LeNet5Original(options) },
}
