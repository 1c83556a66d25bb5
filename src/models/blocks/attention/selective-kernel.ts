import { Conv2d, Module, ModuleList, ReLU } from '../../../nn/index.ts'
import { stack, type Tensor } from '../../../tensor/index.ts'
import { makeDivisible } from '../../network.ts'
import { batchNorm, ConvNormAct, type NormLayer } from '../conv-norm-act.ts'

export interface SelectiveKernelOptions {
  /** The channels that go in unless given. */
  readonly outChannels?: number
  readonly stride?: number
  /** Of the whole: each path's own comes on top. */
  readonly dilation?: number
  readonly groups?: number
  /** The sides of the windows, which 3x3 convolutions span by dilation; [3, 5] unless given. */
  readonly kernelSizes?: readonly number[]
  /** Divides the input's channels among the paths; each path sees all otherwise. Default true, as in timm. */
  readonly splitInput?: boolean
  /** Of the attention's hidden channels to the channels that come out; 1/16 unless given. */
  readonly reductionRatio?: number
  /** The hidden channels are a multiple of this, and this at least; 8 unless given. */
  readonly reductionDivisor?: number
  readonly norm?: NormLayer
}

export class SelectiveKernelAttention extends Module {
  fc_reduce: Conv2d
  bn: Module
  act: ReLU
  fc_select: Conv2d
  readonly #paths: number

  constructor(channels: number, paths: number, hidden: number, norm: NormLayer) {
    super()
    this.fc_reduce = new Conv2d(channels, hidden, 1, { bias: false })
    this.bn = norm(hidden)
    this.act = new ReLU()
    this.fc_select = new Conv2d(hidden, channels * paths, 1, { bias: false })
    this.#paths = paths
  }

  /** The shares [batch, paths, channels, 1, 1] of paths [batch, paths, channels, height, width]. */
  override forward(x: Tensor): Tensor {
    const pooled = x.sum(1).mean([2, 3], true)
    const hidden = this.act.forward(this.bn.forward(this.fc_reduce.forward(pooled)))
    const scores = this.fc_select.forward(hidden)
    const [batch, , channels] = x.shape as [number, number, number]
    return scores.reshape([batch, this.#paths, channels, 1, 1]).softmax(1)
  }
}

/**
 * Selective kernels (Li et al. 2019), with timm's names: convolutions with windows of several sizes, of which each channel takes
 * its own mixture. Takes [batch, channels, height, width].
 */
export class SelectiveKernel extends Module {
  paths: ModuleList
  attn: SelectiveKernelAttention
  readonly #splitInput: boolean

  constructor(channels: number, options: SelectiveKernelOptions = {}) {
    super()
    const { outChannels = channels, stride = 1, dilation = 1, groups = 1, kernelSizes = [3, 5] } = options
    const { splitInput = true, reductionRatio = 1 / 16, reductionDivisor = 8, norm = batchNorm() } = options
    if (splitInput && channels % kernelSizes.length !== 0) {
      throw new RangeError(
        `SelectiveKernel: ${channels} channels cannot be divided among ${kernelSizes.length} paths; use splitInput: false`,
      )
    }
    const inChannels = splitInput ? channels / kernelSizes.length : channels
    this.paths = new ModuleList(
      kernelSizes.map(
        (size) =>
          new ConvNormAct(inChannels, outChannels, 3, {
            stride,
            dilation: Math.floor((dilation * (size - 1)) / 2),
            groups: Math.min(outChannels, groups),
            norm,
          }),
      ),
    )
    const hidden = makeDivisible(outChannels * reductionRatio, reductionDivisor)
    this.attn = new SelectiveKernelAttention(outChannels, kernelSizes.length, hidden, norm)
    this.#splitInput = splitInput
  }

  override forward(x: Tensor): Tensor {
    const paths = [...this.paths]
    const inputs = this.#splitInput ? x.chunk(paths.length, 1) : paths.map(() => x)
    const outputs = stack(
      paths.map((path, i): Tensor => path.forward(inputs[i])),
      1,
    )
    return outputs.mul(this.attn.forward(outputs)).sum(1)
  }
}
