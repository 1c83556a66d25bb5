import { BatchNorm1d, Dropout, F, init, Linear, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { FeatureInfo } from './network.ts'
import {
  initialized,
  PartNetwork,
  type PCBOptions,
  partIndices,
  parts,
  reducedChannels,
} from './pcb-parts.ts'
import { ResNetTrunk } from './resnet-trunk.ts'

class ClassBlock extends Module {
  add_block: Sequential
  classifier: Sequential

  constructor(inFeatures: number, numClasses: number, dropout: number) {
    super()
    const reduce = new Linear(inFeatures, reducedChannels)
    init.kaimingNormal(reduce.weight, { mode: 'fanOut' })
    init.zeros(reduce.bias!)
    const norm = new BatchNorm1d(reducedChannels)
    init.normal(norm.weight!, 1, 0.02)
    this.add_block = new Sequential(reduce, norm, new Dropout(dropout))
    this.classifier = new Sequential(initialized(new Linear(reducedChannels, numClasses), 0.0001))
  }

  override forward(x: Tensor): Tensor {
    return this.classifier.forward(this.add_block.forward(x))
  }
}

/** Zheng's network: every stripe has a reduction of its own, without activation. */
export class LayumiPCB extends PartNetwork {
  model: ResNetTrunk
  classifier0: ClassBlock
  classifier1: ClassBlock
  classifier2: ClassBlock
  classifier3: ClassBlock
  classifier4: ClassBlock
  classifier5: ClassBlock
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  protected dropout: Dropout

  constructor({ numClasses = 751, inChannels = 3, dropout = 0.5 }: PCBOptions = {}) {
    super()
    this.numClasses = numClasses
    this.model = new ResNetTrunk({ inChannels, lastStride: 1 })
    const block = (): ClassBlock => new ClassBlock(this.model.channels, numClasses, dropout)
    this.classifier0 = block()
    this.classifier1 = block()
    this.classifier2 = block()
    this.classifier3 = block()
    this.classifier4 = block()
    this.classifier5 = block()
    this.dropout = new Dropout(dropout)
    this.featureInfo = this.model.featureInfo('model')
  }

  protected get trunk(): ResNetTrunk {
    return this.model
  }

  protected stripes(x: Tensor): Tensor {
    return F.adaptiveAvgPool2d(x, [parts, 1])
  }

  protected scores(stripes: Tensor): Tensor[] {
    const { classifier0, classifier1, classifier2, classifier3, classifier4, classifier5 } = this
    const blocks = [classifier0, classifier1, classifier2, classifier3, classifier4, classifier5]
    const kept = this.dropout.forward(stripes)
    return blocks.map((block, i) => block.forward(kept.narrow(2, i, 1).flatten(1)))
  }

  /** The six classifiers' scores. */
  override forwardAll(x: Tensor): readonly Tensor[] {
    return this.scores(this.stripes(this.forwardFeatures(x)))
  }

  classifierNames(): readonly string[] {
    return partIndices.map((i) => `classifier${i}.classifier.0`)
  }

  override headNames(): readonly string[] {
    return partIndices.map((i) => `classifier${i}`)
  }

  protected override initializeClassifier(layer: Linear): void {
    initialized(layer, 0.0001)
  }
}
