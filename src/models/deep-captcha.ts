import { Dropout, F, init, Linear, MaxPool2d } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormActSequence } from './blocks/index.ts'
import type { DeepCaptchaName } from './deep-captcha.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface DeepCaptchaOptions extends NetworkOptions {
  /** Before and after the hidden layer. */
  readonly dropout?: number
}

/** What the classes of each letter stand for, in the order of the reference. */
export const captchaAlphabets: Readonly<Record<DeepCaptchaName, string>> = {
  deep_captcha_numeric: '0123456789',
  deep_captcha_alphanumeric: 'qwertyupasdfghjkzxcvbnm23456789',
}

function convolution(from: number, to: number): ConvNormActSequence {
  const block = new ConvNormActSequence(from, to, 5, { norm: null })
  for (const parameter of block.parameters()) initialize(parameter)
  return block
}

/** As Keras draws: Glorot's uniform weights, biases 0. */
function initialize(parameter: Tensor): void {
  if (parameter.rank > 1) init.xavierUniform(parameter)
  else init.zeros(parameter)
}

/**
 * Deep-CAPTCHA (Noury and Rezaei 2020): reads the five letters of a grey picture [batch, 1, 25, 67]. `forwardAll` gives the
 * logits [batch, numClasses] of each letter from left to right, `forward` those of the first. The map is flattened as Keras
 * does, rows, columns, channels, so that the hidden layer's weights are Keras' transposed.
 */
export class DeepCaptcha extends Network {
  conv1: ConvNormActSequence
  conv2: ConvNormActSequence
  conv3: ConvNormActSequence
  drop1: Dropout
  fc: Linear
  drop2: Dropout
  digit0: Linear
  digit1: Linear
  digit2: Linear
  digit3: Linear
  digit4: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'conv1', channels: 32, stride: 1 },
    { name: 'conv2', channels: 48, stride: 2 },
    { name: 'conv3', channels: 64, stride: 4 },
  ]
  readonly #pool: MaxPool2d = new MaxPool2d(2)

  constructor({ numClasses = 10, inChannels = 1, dropout = 0.3 }: DeepCaptchaOptions = {}) {
    super()
    this.numClasses = numClasses
    this.conv1 = convolution(inChannels, 32)
    this.conv2 = convolution(32, 48)
    this.conv3 = convolution(48, 64)
    this.drop1 = new Dropout(dropout)
    this.fc = new Linear(64 * 3 * 8, 512)
    this.drop2 = new Dropout(dropout)
    const head = (): Linear => new Linear(512, numClasses)
    this.digit0 = head()
    this.digit1 = head()
    this.digit2 = head()
    this.digit3 = head()
    this.digit4 = head()
    for (const layer of [this.fc, ...this.#heads]) this.initializeClassifier(layer)
  }

  get #heads(): Linear[] {
    return [this.digit0, this.digit1, this.digit2, this.digit3, this.digit4]
  }

  forwardFeatures(x: Tensor): Tensor {
    const blocks = [this.conv1, this.conv2, this.conv3]
    return blocks.reduce((y, block) => this.#pool.forward(this.stage(block, y)), x)
  }

  #descriptor(x: Tensor): Tensor {
    const flat = this.drop1.forward(x.permute(0, 2, 3, 1).flatten(1))
    return this.drop2.forward(F.relu(this.fc.forward(flat)))
  }

  /** The logits of the first letter, or the descriptor of which all are told. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.#descriptor(x)
    return preLogits ? descriptor : this.digit0.forward(descriptor)
  }

  override forwardAll(x: Tensor): readonly Tensor[] {
    const descriptor = this.#descriptor(this.forwardFeatures(x))
    return this.#heads.map((head) => head.forward(descriptor))
  }

  classifierNames(): readonly string[] {
    return ['digit0', 'digit1', 'digit2', 'digit3', 'digit4']
  }

  override headNames(): readonly string[] {
    return ['fc', ...this.classifierNames()]
  }

  protected override initializeClassifier(layer: Linear): void {
    for (const parameter of layer.parameters()) initialize(parameter)
  }
}

const options: OptionKinds<DeepCaptchaOptions> = { ...networkOptions, dropout: 'probability' }

export const variants: Readonly<Record<DeepCaptchaName, Variant<DeepCaptchaOptions>>> = {
  deep_captcha_numeric: { options, create: (given) => new DeepCaptcha(given) },
  deep_captcha_alphanumeric: { options, create: (given) => new DeepCaptcha({ numClasses: 31, ...given }) },
}
