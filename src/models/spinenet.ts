import { init, Linear, type Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { activationLayer } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { SpineNetName } from './spinenet.metadata.ts'
import {
  convNorm,
  groupOf,
  type Kind,
  nearest,
  Resampling,
  ScalePermutedBlock,
  type Side,
  Stem,
} from './spinenet-blocks.ts'

export interface SpineNetOptions extends NetworkOptions {
  /** 'silu' (swish) as the published weights, or 'relu' as the plain recipe. */
  readonly activation?: 'silu' | 'relu'
  /** Of the last block; that of the others is smaller the earlier they come. 0 unless given, 0.2 in the recipe. */
  readonly dropPathRate?: number
}

/** A block: its level (it spans 2 ** level pixels), its kind, its two parents, and whether it is an output. */
type BlockSpec = readonly [level: number, kind: Kind, parents: readonly [number, number], output: boolean]

/** The order and connections that the search found; parents are counted with the two blocks of the stem. */
const blockSpecs: readonly BlockSpec[] = [
  [2, 'bottleneck', [0, 1], false],
  [4, 'residual', [0, 1], false],
  [3, 'bottleneck', [2, 3], false],
  [4, 'bottleneck', [2, 4], false],
  [6, 'residual', [3, 5], false],
  [4, 'bottleneck', [3, 5], false],
  [5, 'residual', [6, 7], false],
  [7, 'residual', [6, 8], false],
  [5, 'bottleneck', [8, 9], false],
  [5, 'bottleneck', [8, 10], false],
  [4, 'bottleneck', [5, 10], true],
  [3, 'bottleneck', [4, 10], true],
  [5, 'bottleneck', [7, 12], true],
  [7, 'bottleneck', [5, 14], true],
  [6, 'bottleneck', [12, 14], true],
]

const widths: Readonly<Record<number, number>> = { 2: 64, 3: 128, 4: 256, 5: 256, 6: 256, 7: 256 }
const [finest, coarsest] = [3, 7]

interface SpineNetSpec {
  readonly endpointWidth: number
  readonly widthScale: number
  readonly alpha: number
  readonly repeats: number
}

interface Described {
  readonly level: number
  readonly kind: Kind
  readonly channels: number
}

/**
 * SpineNet as a classifier (Du et al. 2019): blocks whose scales go up and down, and the maps of five levels, brought to the
 * finest one and averaged.
 */
export class SpineNet extends Network {
  stem: Stem
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #blocks: readonly ScalePermutedBlock[]
  readonly #extra: readonly (readonly number[])[]
  readonly #endpoints: readonly (readonly [string, Sequential])[]

  constructor({ endpointWidth, widthScale, alpha, repeats }: SpineNetSpec, options: SpineNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, activation = 'silu', dropPathRate = 0 } = options
    this.numClasses = numClasses
    const filtersAt = (level: number): number => Math.floor(widths[level]! * widthScale)
    this.stem = new Stem(inChannels, filtersAt(2), repeats, activation)
    const first: Described = { level: 2, kind: 'bottleneck', channels: filtersAt(2) * 4 }
    const all: Described[] = [first, first]
    const taken = [0, 0]
    const extra: number[][] = []
    this.#blocks = blockSpecs.map(([level, kind, [a, b], output], i) => {
      const filters = filtersAt(level)
      const channels = kind === 'bottleneck' ? filters * 4 : filters
      const target = { level, channels }
      for (const parent of [a, b]) taken[parent]!++
      const unused = all.flatMap((candidate, j) =>
        output && taken[j] === 0 && candidate.level === level && candidate.channels === channels ? [j] : [],
      )
      for (const j of unused) taken[j]!++
      extra.push(unused)
      const block = new ScalePermutedBlock(
        new Resampling(all[a]!, target, alpha, activation),
        new Resampling(all[b]!, target, alpha, activation),
        activationLayer(activation, channels),
        groupOf(channels, filters, kind, repeats, activation, (dropPathRate * (i + 1)) / blockSpecs.length),
      )
      all.push({ level, kind, channels })
      taken.push(0)
      return block
    })
    this.#extra = extra
    const outputs = blockSpecs.filter(([, , , output]) => output)
    this.#endpoints = outputs
      .map(([level]) => level)
      .sort((a, b) => a - b)
      .map((level) => {
        return [`endpoint_${level}`, convNorm(filtersAt(level) * 4, endpointWidth, 1, activation)] as const
      })
    this.fc = new Linear(endpointWidth, numClasses)
    this.initializeClassifier(this.fc)
    this.featureInfo = this.#endpoints.map(([name], i) => ({
      name,
      channels: endpointWidth,
      stride: 2 ** (finest + i),
    }))
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    for (const [name, value] of super.members()) {
      if (name === 'fc') {
        for (const [i, block] of this.#blocks.entries()) yield [`sub_policy${i}`, block]
        yield* this.#endpoints
      }
      yield [name, value]
    }
  }

  /** The maps of levels 3 to 7, from fine to coarse. */
  #levels(x: Tensor): Tensor[] {
    const [height, width] = x.shape.slice(2) as [number, number]
    const sizeAt = (level: number): Side => [Math.ceil(height / 2 ** level), Math.ceil(width / 2 ** level)]
    const maps: Tensor[] = [...this.stem.forward(x)]
    const outputs = new Map<number, Tensor>()
    for (const [i, [level, , [a, b], output]] of blockSpecs.entries()) {
      const more = this.#extra[i]!.map((j) => maps[j]!)
      const parents = [maps[a]!, maps[b]!] as const
      const block = this.#blocks[i]!
      const map = this.stage(
        { forward: (y) => block.forward([y, parents[1]], more, sizeAt(level)) },
        parents[0],
      )
      maps.push(map)
      if (output) outputs.set(level, map)
    }
    return this.#endpoints.map(([, endpoint], i) => endpoint.forward(outputs.get(finest + i)!))
  }

  /** The mean over the five levels, each brought to the next finer one in turn: a map of an eighth of the size. */
  forwardFeatures(x: Tensor): Tensor {
    const levels = this.#levels(x)
    const sum = levels.reduceRight((coarse, fine) => {
      return nearest(coarse, fine.shape.slice(2) as unknown as Side).add(fine)
    })
    return sum.div(coarsest - finest + 1)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.normal(layer.weight, 0, 0.01)
    init.zeros(layer.bias!)
  }
}

const spinenetOptions: OptionKinds<SpineNetOptions> = {
  ...networkOptions,
  activation: ['silu', 'relu'],
  dropPathRate: 'probability',
}

const variant = (
  endpointWidth: number,
  widthScale: number,
  alpha: number,
  repeats: number,
): Variant<SpineNetOptions> => ({
  options: spinenetOptions,
  create: (options) => new SpineNet({ endpointWidth, widthScale, alpha, repeats }, options),
})

export const variants: Readonly<Record<SpineNetName, Variant<SpineNetOptions>>> = {
  spinenet_49s: variant(128, 0.65, 0.5, 1),
  spinenet_49: variant(256, 1, 0.5, 1),
  spinenet_96: variant(256, 1, 0.5, 2),
  spinenet_143: variant(256, 1, 1, 3),
  spinenet_190: variant(512, 1.3, 1, 4),
}
