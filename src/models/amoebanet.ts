import { Dropout, DropPath, Linear, type Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import type { AmoebaNetName } from './amoebanet.metadata.ts'
import { AuxiliaryHead, Cell, type Extent, Stem } from './amoebanet-blocks.ts'
import { cells } from './amoebanet-cells.ts'
import { initialize } from './amoebanet-operations.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface AmoebaNetOptions extends NetworkOptions {
  /** Normal cells. */
  readonly numCells?: number
  /** Channels of the operations in the first normal cells. */
  readonly filters?: number
  /** Before the classifier. */
  readonly dropRate?: number
  /** Of the operations in cells; 0 unless given. Training lets it grow linearly to 0.3 for A (`setDropPathRate`). */
  readonly dropPathRate?: number
  /** Adds the auxiliary classifier, whose scores `forwardAll` gives in training. */
  readonly auxLogits?: boolean
  /** The side of the images that the auxiliary classifier is made for. */
  readonly imageSize?: number
}

export interface AmoebaNetSpec {
  readonly cell: keyof typeof cells
  /** Normal cells; two reductions are among them, and two more before them in networks for ImageNet. */
  readonly cells: number
  readonly filters: number
  readonly imageSize: number
  readonly numClasses: number
}

/** AmoebaNet (Real et al. 2018): cells found by evolution, each of which takes the maps of the two before it. */
export class AmoebaNet extends Network {
  stem: Stem
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #cells: readonly [string, Cell][]
  #auxiliary: Module | null
  readonly #auxiliaryAfter: string
  #final: Module

  constructor(spec: AmoebaNetSpec, options: AmoebaNetOptions = {}) {
    super()
    const { numClasses = spec.numClasses, inChannels = 3, auxLogits = false, dropRate = 0.5 } = options
    const { imageSize = spec.imageSize, dropPathRate = 0 } = options
    const { numCells = spec.cells, filters: width = spec.filters } = options
    this.numClasses = numClasses
    const small = spec.imageSize === 32
    const stemChannels = small ? 3 * width : 32
    this.stem = new Stem(inChannels, stemChannels, small)
    const maps: Extent[] = [{ channels: stemChannels, stride: small ? 1 : 2 }]
    const list: [string, Cell][] = []
    const add = (name: string, kind: 'normal' | 'reduction', filters: number): void => {
      const stride = kind === 'normal' ? 1 : 2
      const cell = new Cell(cells[spec.cell][kind], maps.at(-1)!, maps.at(-2) ?? null, {
        filters,
        stride,
        dropPathRate,
      })
      list.push([name, cell])
      maps.push(cell.out)
    }
    if (!small) {
      add('cell_stem_0', 'reduction', Math.floor(width / 4))
      add('cell_stem_1', 'reduction', Math.floor(width / 2))
    }
    const reductions = [Math.floor(numCells / 3), Math.floor((2 * numCells) / 3)]
    let filters = width
    for (let i = 0; i < numCells; i++) {
      const place = reductions.indexOf(i)
      if (place >= 0) {
        filters *= 2
        add(`reduction_cell_${place}`, 'reduction', filters)
      }
      add(`cell_${i}`, 'normal', filters)
    }
    const ends = [...reductions, numCells].map((end) => `cell_${end - 1}`)
    const stages = small ? ends : ['cell_stem_0', ...ends]
    const extents = new Map(list.map(([name, cell]) => [name, cell.out]))
    this.featureInfo = [
      ...(small ? [] : [{ name: 'stem', ...maps[0]! }]),
      ...stages.map((name) => ({ name, ...extents.get(name)! })),
    ]
    this.#cells = list
    this.#auxiliaryAfter = ends[1]!
    const { channels, stride } = extents.get(this.#auxiliaryAfter)!
    const side = mapSide(small ? imageSize : Math.floor((imageSize - 1) / 2), small ? stride : stride / 2)
    this.#auxiliary = auxLogits ? new AuxiliaryHead(channels, numClasses, side) : null
    const classifier = new Linear(maps.at(-1)!.channels, numClasses)
    this.#final = new Sequential({ dropout: new Dropout(dropRate), FC: classifier })
    this.initializeClassifier(classifier)
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    yield* this.#cells
    if (this.#auxiliary) yield ['aux', this.#auxiliary]
    yield ['final_layer', this.#final]
  }

  protected override replaceChild(name: string, module: Module): void {
    if (name === 'final_layer') this.#final = module
    else if (name === 'aux') this.#auxiliary = module
    else super.replaceChild(name, module)
  }

  /** Sets the rate of all operations' drop paths, which training lets grow from 0. */
  setDropPathRate(rate: number): void {
    for (const module of this.modules()) if (module instanceof DropPath) module.p = rate
  }

  #maps(x: Tensor): { readonly last: Tensor; readonly auxiliary: Tensor } {
    let [previous, current]: [Tensor | null, Tensor] = [null, this.stem.forward(x)]
    let auxiliary = current
    for (const [name, cell] of this.#cells) {
      const before = previous
      const next = this.stage({ forward: (y) => cell.forward(y, before) }, current)
      previous = current
      current = next
      if (name === this.#auxiliaryAfter) auxiliary = current
    }
    return { last: current, auxiliary }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.#maps(x).last
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.relu().mean([2, 3])
    return preLogits ? descriptor : this.#final.forward(descriptor)
  }

  /** The scores, and in training those of the auxiliary classifier, if there is one. */
  override forwardAll(x: Tensor): readonly Tensor[] {
    const { last, auxiliary } = this.#maps(x)
    const scores = this.forwardHead(last)
    return this.#auxiliary && this.training ? [scores, this.#auxiliary.forward(auxiliary)] : [scores]
  }

  override get lossWeights(): readonly number[] {
    return [1, 0.4]
  }

  classifierNames(): readonly string[] {
    return this.#auxiliary ? ['aux.FC', 'final_layer.FC'] : ['final_layer.FC']
  }

  override headNames(): readonly string[] {
    return this.#auxiliary ? ['aux', 'final_layer'] : ['final_layer']
  }

  protected override initializeClassifier(layer: Linear): void {
    initialize(layer, layer.outFeatures)
  }
}

function mapSide(side: number, stride: number): number {
  let rest = side
  for (let by = stride; by > 1; by /= 2) rest = Math.ceil(rest / 2)
  return rest
}

const amoebaOptions: OptionKinds<AmoebaNetOptions> = {
  ...networkOptions,
  numCells: 'count',
  filters: 'count',
  dropRate: 'probability',
  dropPathRate: 'probability',
  auxLogits: 'flag',
  imageSize: 'count',
}

const variant = (
  cell: keyof typeof cells,
  count: number,
  filters: number,
  imageSize: number,
): Variant<AmoebaNetOptions> => ({
  options: amoebaOptions,
  create: (options) => {
    const numClasses = imageSize === 32 ? 10 : 1000
    return new AmoebaNet({ cell, cells: count, filters, imageSize, numClasses }, options)
  },
})

export const variants: Readonly<Record<AmoebaNetName, Variant<AmoebaNetOptions>>> = {
  amoebanet_a_n18_f190: variant('a', 18, 190, 331),
  amoebanet_a_n18_f448: variant('a', 18, 448, 331),
  amoebanet_a_mobile_n12_f50: variant('a', 12, 50, 224),
  amoebanet_b_mobile_n9_f62: variant('b', 9, 62, 224),
  amoebanet_b_n18_f190: variant('b', 18, 190, 331),
  amoebanet_c_mobile_n12_f44: variant('c', 12, 44, 224),
  amoebanet_c_mobile_n12_f50: variant('c', 12, 50, 224),
  amoebanet_c_n18_f228: variant('c', 18, 228, 331),
  amoebanet_d_n12_f256: variant('d', 12, 256, 299),
  amoebanet_d_n12_f256_224: variant('d', 12, 256, 224),
  amoebanet_d_n6_f256: variant('d', 6, 256, 224),
  amoebanet_a_cifar_n18_f32: variant('a', 18, 32, 32),
  amoebanet_a_cifar_n18_f36: variant('a', 18, 36, 32),
  amoebanet_b_cifar_n18_f36: variant('b', 18, 36, 32),
  amoebanet_b_cifar_n18_f128: variant('b', 18, 128, 32),
}
