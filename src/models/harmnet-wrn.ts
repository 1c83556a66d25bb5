import {
  BatchNorm2d,
  type Buffer,
  Dropout,
  F,
  init,
  Linear,
  Module,
  type Parameter,
  parameter,
  Sequential,
} from '../nn/index.ts'
import { type Tensor, zeros } from '../tensor/index.ts'
import { dctBank, dctFilters, harmonicKernel } from './blocks/index.ts'
import { type FeatureInfo, type HeadOptions, Network, type NetworkOptions } from './network.ts'

export interface HarmonicWideResNetOptions extends NetworkOptions {
  /** 6n + 4 for n blocks a group. */
  readonly depth?: number
  readonly width?: number
  /** Keeps the filters whose frequencies add up to less (the papers' lambda); all unless given. */
  readonly level?: number | null
  /** Between the two convolutions of a block, in training; 0 unless given, 0.3 in the papers' best results. */
  readonly dropout?: number
}

/** A weight by the authors' name for it, beside its normalization in the first layer. */
class Weighted extends Module {
  conv: Parameter
  bn: BatchNorm2d | null

  constructor(shape: readonly number[], norm: BatchNorm2d | null = null) {
    super()
    this.conv = drawn(shape)
    this.bn = norm
  }
}

function drawn(shape: readonly number[]): Parameter {
  const weight = parameter(zeros(shape))
  init.kaimingNormal(weight)
  return weight
}

/** Under the authors' names, which know no count of batches. */
function normOver(channels: number, affine = true): BatchNorm2d {
  const norm = new BatchNorm2d(channels, { affine })
  norm.num_batches_tracked = null
  if (affine) init.uniform(norm.weight!)
  return norm
}

/** A residual block with its activations before the convolutions, which are harmonic if there is a bank of filters. */
class Block extends Module {
  harmonic0: Weighted | null
  harmonic1: Weighted | null
  conv0: Parameter | null
  conv1: Parameter | null
  bn0: BatchNorm2d
  bn1: BatchNorm2d
  convdim: Parameter | null
  readonly #bank: Tensor | null
  readonly #stride: number
  readonly #dropout: Dropout

  constructor(inChannels: number, outChannels: number, stride: number, dropout: number, bank: Tensor | null) {
    super()
    const [first, second] = [
      [outChannels, inChannels],
      [outChannels, outChannels],
    ]
    const filters = bank === null ? 0 : bank.shape[1]!
    this.harmonic0 = bank === null ? null : new Weighted([...first!, filters, 1, 1])
    this.harmonic1 = bank === null ? null : new Weighted([...second!, filters, 1, 1])
    this.conv0 = bank === null ? drawn([...first!, 3, 3]) : null
    this.conv1 = bank === null ? drawn([...second!, 3, 3]) : null
    this.bn0 = normOver(inChannels)
    this.bn1 = normOver(outChannels)
    this.convdim = inChannels === outChannels ? null : drawn([...first!, 1, 1])
    this.#bank = bank
    this.#stride = stride
    this.#dropout = new Dropout(dropout)
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    yield ['dropout', this.#dropout]
  }

  #convolve(x: Tensor, plain: Parameter | null, harmonic: Weighted | null, stride: number): Tensor {
    const kernel = harmonic === null ? plain! : harmonicKernel(harmonic.conv, this.#bank!.narrow(0, 0, 1))
    return F.conv2d(x, kernel, null, { stride, padding: 1 })
  }

  override forward(x: Tensor): Tensor {
    const activated = this.bn0.forward(x).relu()
    const hidden = this.#convolve(activated, this.conv0, this.harmonic0, this.#stride)
    const kept = this.#dropout.forward(this.bn1.forward(hidden).relu())
    const residual = this.#convolve(kept, this.conv1, this.harmonic1, 1)
    const shortcut =
      this.convdim === null ? x : F.conv2d(activated, this.convdim, null, { stride: this.#stride })
    return residual.add(shortcut)
  }
}

/**
 * Wide ResNet for small images with harmonic convolutions: all of them with the same filters, with fewer in every group
 * ('progressive'), or the first one alone ('root').
 */
export class HarmonicWideResNet extends Network {
  dct0: Buffer | null
  dct: Buffer | null
  dctfull: Buffer | null
  dctl3: Buffer | null
  dctl2: Buffer | null
  harmonic0: Weighted
  group0: Sequential
  group1: Sequential
  group2: Sequential
  bn: BatchNorm2d
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #inChannels: number

  constructor(kind: 'level' | 'progressive' | 'root', options: HarmonicWideResNetOptions = {}) {
    super()
    const { numClasses = 10, inChannels = 3, depth = 28, width = 10, level = null, dropout = 0 } = options
    if ((depth - 4) % 6 !== 0) throw new RangeError(`HarmonicWideResNet: depth must be 6n + 4, got ${depth}`)
    if (level !== null && !(level >= 1)) {
      throw new RangeError(`HarmonicWideResNet: level must be null or a number >= 1, got ${level}`)
    }
    if (level !== null && kind !== 'level') {
      throw new RangeError(
        'HarmonicWideResNet: this network has a choice of filters of its own; leave level out',
      )
    }
    this.numClasses = numClasses
    this.#inChannels = inChannels
    const widths = [16 * width, 32 * width, 64 * width] as const
    const root = dctBank(dctFilters(3), inChannels, false)
    const bank = (group: 0 | 1 | 2, kept: number | null): Buffer =>
      dctBank(dctFilters(3, { level: kept }), widths[group], true)
    const progressive = kind === 'progressive'
    this.dct0 = kind === 'root' ? null : root
    this.dct = kind === 'root' ? root : progressive ? null : bank(2, level)
    this.dctfull = progressive ? bank(0, null) : null
    this.dctl3 = progressive ? bank(1, 3) : null
    this.dctl2 = progressive ? bank(2, 2) : null
    this.harmonic0 = new Weighted([16, inChannels * 9, 1, 1], normOver(inChannels * 9, false))
    const banks = progressive
      ? [this.dctfull, this.dctl3, this.dctl2]
      : Array<Buffer | null>(3).fill(kind === 'root' ? null : this.dct)
    const group = (index: 0 | 1 | 2): Sequential => {
      const from = index === 0 ? 16 : widths[index - 1]!
      const blocks = Array.from({ length: (depth - 4) / 6 }, (_, i): [string, Module] => [
        `block${i}`,
        new Block(
          i === 0 ? from : widths[index],
          widths[index],
          i === 0 && index > 0 ? 2 : 1,
          dropout,
          banks[index]!,
        ),
      ])
      return new Sequential(...blocks)
    }
    this.group0 = group(0)
    this.group1 = group(1)
    this.group2 = group(2)
    this.bn = normOver(widths[2])
    this.fc = new Linear(widths[2], numClasses)
    this.initializeClassifier(this.fc)
    this.featureInfo = widths.map((channels, i) => ({ name: `group${i}`, channels, stride: 2 ** i }))
  }

  /** In the order of the authors' files, where a block's normalizations have their statistics first. */
  override stateDict(): Map<string, Tensor> {
    const ranks = ['harmonic0.conv', 'harmonic1.conv', 'conv0', 'conv1', 'bn0.', 'bn1.', 'convdim']
    const parts = ['running_mean', 'running_var', 'weight', 'bias']
    const key = (name: string): readonly [unit: string, rank: number] => {
      const unit = /^group\d+\.block\d+\.|^bn\./.exec(name)?.[0]
      if (unit === undefined) return [name, 0]
      const rest = name.slice(unit.length)
      const place = ranks.findIndex((start) => rest.startsWith(start))
      return [unit, 4 * place + Math.max(0, parts.indexOf(rest.slice(rest.indexOf('.') + 1)))]
    }
    const units = new Map<string, [rank: number, name: string, value: Tensor][]>()
    for (const [name, value] of super.stateDict()) {
      const [unit, rank] = key(name)
      const members = units.get(unit) ?? []
      members.push([rank, name, value])
      units.set(unit, members)
    }
    const ordered = [...units.values()].flatMap((members) => members.sort(([a], [b]) => a - b))
    return new Map(ordered.map(([, name, value]) => [name, value]))
  }

  forwardFeatures(x: Tensor): Tensor {
    const { conv, bn } = this.harmonic0
    const filters = (this.dct0 ?? this.dct)!
    const responses = bn!.forward(F.conv2d(x, filters, null, { padding: 1, groups: this.#inChannels }))
    const stem = F.conv2d(responses, conv)
    return [this.group0, this.group1, this.group2].reduce((y, group) => this.stage(group, y), stem)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.bn.forward(x).relu().mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }

  override headNames(): readonly string[] {
    return ['bn', 'fc']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.kaimingNormal(layer.weight)
    init.zeros(layer.bias!)
  }
}
