import { Sequential } from '../nn/index.ts'
import { CrossStagePartial, type DenseLayerOptions, Transition } from './blocks/index.ts'
import type { CSPDenseNetName } from './csp-densenet.metadata.ts'
import { DenseNet, type DenseNetOptions, type DenseNetSpec, denseBlock, densenetOptions } from './densenet.ts'
import { elasticBlock } from './densenet-elastic.ts'
import type { Variant } from './network.ts'

type Block = NonNullable<DenseNetSpec['block']>

/**
 * A block whose layers see the second half of its channels; a transition that keeps their number and size follows them, and
 * the first half passes by.
 */
function partialBlock(inner: Block): Block {
  return (layers, inChannels, growthRate, options: DenseLayerOptions) => {
    const branched = inChannels - Math.floor(inChannels / 2)
    const out = branched + layers * growthRate
    const branch = new Sequential(
      ['denseblock', inner(layers, branched, growthRate, options)] as const,
      ['transition', new Transition(out, out, false)] as const,
    )
    return new CrossStagePartial(branched, branch, { branched: 'last' })
  }
}

/**
 * DenseNet with cross-stage partial connections (Wang et al. 2019, section 3.1), by the paper's figure: its authors published
 * neither code nor weights of it. Images of 29 pixels at least.
 */
export class CSPDenseNet extends DenseNet {
  constructor(spec: DenseNetSpec, options: DenseNetOptions = {}) {
    super({ ...spec, block: partialBlock(spec.block ?? denseBlock) }, options)
  }
}

const variant = (blockConfig: readonly number[], block?: Block): Variant<DenseNetOptions> => ({
  options: densenetOptions,
  create: (options) =>
    new CSPDenseNet({ growthRate: 32, blockConfig, numInitFeatures: 64, ...(block && { block }) }, options),
})

export const variants: Readonly<Record<CSPDenseNetName, Variant<DenseNetOptions>>> = {
  cspdensenet121: variant([6, 12, 24, 16]),
  cspdensenet169: variant([6, 12, 32, 32]),
  cspdensenet201: variant([6, 12, 48, 32]),
  cspdensenet264: variant([6, 12, 64, 48]),
  cspdensenet201_elastic: variant([10, 20, 40, 30], elasticBlock),
}
