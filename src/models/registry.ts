import { checkOptions, nearest, type OptionKind, type OptionKinds } from '../tensor/options.ts'
import { alexnetMetadata } from './alexnet.metadata.ts'
import { amoebanetMetadata } from './amoebanet.metadata.ts'
import { assembleMetadata } from './assemble-resnet.metadata.ts'
import { bigLittleMetadata } from './big-little.metadata.ts'
import { bnInceptionMetadata } from './bninception.metadata.ts'
import { chexnetMetadata } from './chexnet.metadata.ts'
import { cornernetMetadata } from './cornernet.metadata.ts'
import { cspDensenetMetadata } from './csp-densenet.metadata.ts'
import { cspPeleenetMetadata } from './csp-peleenet.metadata.ts'
import { cspnetMetadata } from './cspnet.metadata.ts'
import { darknetMetadata } from './darknet.metadata.ts'
import { darknet19Metadata } from './darknet19.metadata.ts'
import { deepCaptchaMetadata } from './deep-captcha.metadata.ts'
import { densenasMetadata } from './densenas.metadata.ts'
import { densenetMetadata } from './densenet.metadata.ts'
import { cifarDensenetMetadata } from './densenet-cifar.metadata.ts'
import { elasticDensenetMetadata } from './densenet-elastic.metadata.ts'
import { detnasMetadata } from './detnas.metadata.ts'
import { detnetMetadata } from './detnet.metadata.ts'
import { dicenetMetadata } from './dicenet.metadata.ts'
import { dpnMetadata } from './dpn.metadata.ts'
import { ecaNetMetadata } from './eca-net.metadata.ts'
import { edgeNetSegmentationMetadata } from './edgenet-segmentation.metadata.ts'
import { efficientnetMetadata } from './efficientnet.metadata.ts'
import { lukemelasEfficientnetMetadata } from './efficientnet-lukemelas.metadata.ts'
import { tensorFlowEfficientnetMetadata } from './efficientnet-tf.metadata.ts'
import { espnetv2Metadata } from './espnetv2.metadata.ts'
import { fbnetMetadata } from './fbnet.metadata.ts'
import { FeaturePyramid } from './feature-pyramid.ts'
import { fractalnetMetadata } from './fractalnet.metadata.ts'
import { ghostnetMetadata } from './ghostnet.metadata.ts'
import { pytorchcvGhostnetMetadata } from './ghostnet-pytorchcv.metadata.ts'
import { googlenetMetadata } from './googlenet.metadata.ts'
import { greedynasMetadata } from './greedynas.metadata.ts'
import { harmnetMetadata } from './harmnet.metadata.ts'
import { hrnetMetadata } from './hrnet.metadata.ts'
import { inceptionResNetV2Metadata } from './inception-resnet-v2.metadata.ts'
import { inceptionV3Metadata } from './inception-v3.metadata.ts'
import { inceptionV4Metadata } from './inception-v4.metadata.ts'
import { lenetMetadata } from './lenet.metadata.ts'
import { mckernelMetadata } from './mckernel.metadata.ts'
import type { ModelMetadata } from './metadata.ts'
import { mixnetMetadata } from './mixnet.metadata.ts'
import { mnasnetMetadata } from './mnasnet.metadata.ts'
import { mobilenetV1Metadata } from './mobilenet-v1.metadata.ts'
import { mobilenetV2Metadata } from './mobilenet-v2.metadata.ts'
import { mobilenetV3Metadata } from './mobilenet-v3.metadata.ts'
import { dli14MobilenetV3Metadata } from './mobilenet-v3-dli14.metadata.ts'
import { pytorchcvMobilenetV3Metadata } from './mobilenet-v3-pytorchcv.metadata.ts'
import { timmMobilenetV3Metadata } from './mobilenet-v3-timm.metadata.ts'
import { mogaMetadata } from './moga.metadata.ts'
import { multigrainMetadata } from './multigrain.metadata.ts'
import type { Network, NetworkOptions } from './network.ts'
import { overfeatMetadata } from './overfeat.metadata.ts'
import { pcbMetadata } from './pcb.metadata.ts'
import { peleenetMetadata } from './peleenet.metadata.ts'
import { prelunetMetadata } from './prelunet.metadata.ts'
import type { WeightChoice } from './pretrained.ts'
import { proxylessnasMetadata, proxylessnasNetsMetadata } from './proxylessnas.metadata.ts'
import { pyramidnetMetadata } from './pyramidnet.metadata.ts'
import { randwireMetadata } from './randwire.metadata.ts'
import { regnetMetadata } from './regnet.metadata.ts'
import { timmRegnetMetadata } from './regnet-timm.metadata.ts'
import { resnestMetadata } from './resnest.metadata.ts'
import { resnetMetadata } from './resnet.metadata.ts'
import { cifarResnetMetadata } from './resnet-cifar.metadata.ts'
import { resnetDMetadata } from './resnet-d.metadata.ts'
import { elasticResnextMetadata } from './resnext-elastic.metadata.ts'
import { revnetMetadata } from './revnet.metadata.ts'
import { scalenetMetadata } from './scalenet.metadata.ts'
import { scarletMetadata } from './scarlet.metadata.ts'
import { senetMetadata } from './senet.metadata.ts'
import { legacySENetMetadata } from './senet-legacy.metadata.ts'
import { shufflenetMetadata } from './shufflenet.metadata.ts'
import { megviiShufflenetMetadata } from './shufflenet-megvii.metadata.ts'
import { shufflenetV2Metadata } from './shufflenet-v2.metadata.ts'
import { simplenetMetadata } from './simplenet.metadata.ts'
import { singlePathNasMetadata } from './single-path-nas.metadata.ts'
import { sknetMetadata } from './sknet.metadata.ts'
import { skresnetMetadata } from './skresnet.metadata.ts'
import { snetMetadata } from './snet.metadata.ts'
import { spinenetMetadata } from './spinenet.metadata.ts'
import { sppnetMetadata } from './sppnet.metadata.ts'
import { squeezenetMetadata } from './squeezenet.metadata.ts'
import { squeezenextMetadata } from './squeezenext.metadata.ts'
import { tresnetMetadata } from './tresnet.metadata.ts'
import { unetxstMetadata } from './unetxst.metadata.ts'
import { vggMetadata } from './vgg.metadata.ts'
import { vovnetMetadata } from './vovnet.metadata.ts'
import { pytorchcvVovnetMetadata } from './vovnet-cv.metadata.ts'
import { wideResnetMetadata } from './wide-resnet.metadata.ts'
import { xceptionMetadata } from './xception.metadata.ts'
import { zfnetMetadata } from './zfnet.metadata.ts'

export type { OptionKind }

/** Options of createModel itself, which every network takes. */
export interface PyramidOptions {
  /** Leaves the head away: `forwardAll` gives the outputs of the stages. */
  readonly featuresOnly?: boolean
  /** Which stages, by their places in `featureInfo`; all unless given. */
  readonly outIndices?: readonly number[]
}

const pyramidOptions: OptionKinds<PyramidOptions> = { featuresOnly: 'flag', outIndices: 'any' }

export interface WeightOptions {
  /**
   * The weights to start with: `'default'` (the first that are published), the tag of others, a file, an address, or a name on the
   * Hugging Face hub (`hf:owner/repository`, `timm/name`); or the same as `source` with how to get it. Fresh ones unless given.
   */
  readonly weights?: string | WeightChoice
}

/** Options beyond the common ones are the family's own; its file documents them. */
export type ModelOptions = NetworkOptions & PyramidOptions & WeightOptions & Readonly<Record<string, unknown>>

interface AnyVariant {
  readonly options: Readonly<Record<string, OptionKind>>
  readonly create: (options?: never) => Network
}

interface Family {
  readonly metadata: Readonly<Record<string, ModelMetadata>>
  /** What builds the variants, loaded when one of them is wanted. */
  readonly load: () => Promise<{ readonly variants: Readonly<Record<string, AnyVariant>> }>
}

const families: readonly Family[] = [
  { metadata: lenetMetadata, load: () => import('./lenet.ts') },
  { metadata: alexnetMetadata, load: () => import('./alexnet.ts') },
  { metadata: vggMetadata, load: () => import('./vgg.ts') },
  { metadata: resnetMetadata, load: () => import('./resnet.ts') },
  { metadata: cifarResnetMetadata, load: () => import('./resnet-cifar.ts') },
  { metadata: squeezenetMetadata, load: () => import('./squeezenet.ts') },
  { metadata: chexnetMetadata, load: () => import('./chexnet.ts') },
  { metadata: cspDensenetMetadata, load: () => import('./csp-densenet.ts') },
  { metadata: cspPeleenetMetadata, load: () => import('./csp-peleenet.ts') },
  { metadata: densenetMetadata, load: () => import('./densenet.ts') },
  { metadata: cifarDensenetMetadata, load: () => import('./densenet-cifar.ts') },
  { metadata: elasticDensenetMetadata, load: () => import('./densenet-elastic.ts') },
  { metadata: peleenetMetadata, load: () => import('./peleenet.ts') },
  { metadata: elasticResnextMetadata, load: () => import('./resnext-elastic.ts') },
  { metadata: vovnetMetadata, load: () => import('./vovnet.ts') },
  { metadata: pytorchcvVovnetMetadata, load: () => import('./vovnet-cv.ts') },
  { metadata: mobilenetV2Metadata, load: () => import('./mobilenet-v2.ts') },
  { metadata: bnInceptionMetadata, load: () => import('./bninception.ts') },
  { metadata: dicenetMetadata, load: () => import('./dicenet.ts') },
  { metadata: dpnMetadata, load: () => import('./dpn.ts') },
  { metadata: edgeNetSegmentationMetadata, load: () => import('./edgenet-segmentation.ts') },
  { metadata: espnetv2Metadata, load: () => import('./espnetv2.ts') },
  { metadata: googlenetMetadata, load: () => import('./googlenet.ts') },
  { metadata: inceptionResNetV2Metadata, load: () => import('./inception-resnet-v2.ts') },
  { metadata: inceptionV3Metadata, load: () => import('./inception-v3.ts') },
  { metadata: inceptionV4Metadata, load: () => import('./inception-v4.ts') },
  { metadata: overfeatMetadata, load: () => import('./overfeat.ts') },
  { metadata: prelunetMetadata, load: () => import('./prelunet.ts') },
  { metadata: sppnetMetadata, load: () => import('./sppnet.ts') },
  { metadata: zfnetMetadata, load: () => import('./zfnet.ts') },
  { metadata: tensorFlowEfficientnetMetadata, load: () => import('./efficientnet-tf.ts') },
  { metadata: mixnetMetadata, load: () => import('./mixnet.ts') },
  { metadata: mobilenetV3Metadata, load: () => import('./mobilenet-v3.ts') },
  { metadata: timmMobilenetV3Metadata, load: () => import('./mobilenet-v3-timm.ts') },
  { metadata: dli14MobilenetV3Metadata, load: () => import('./mobilenet-v3-dli14.ts') },
  { metadata: mobilenetV1Metadata, load: () => import('./mobilenet-v1.ts') },
  { metadata: pytorchcvMobilenetV3Metadata, load: () => import('./mobilenet-v3-pytorchcv.ts') },
  { metadata: mnasnetMetadata, load: () => import('./mnasnet.ts') },
  { metadata: densenasMetadata, load: () => import('./densenas.ts') },
  { metadata: detnasMetadata, load: () => import('./detnas.ts') },
  { metadata: greedynasMetadata, load: () => import('./greedynas.ts') },
  { metadata: mogaMetadata, load: () => import('./moga.ts') },
  { metadata: proxylessnasMetadata, load: () => import('./proxylessnas.ts') },
  { metadata: proxylessnasNetsMetadata, load: () => import('./proxylessnas-nets.ts') },
  { metadata: scarletMetadata, load: () => import('./scarlet.ts') },
  { metadata: shufflenetMetadata, load: () => import('./shufflenet.ts') },
  { metadata: megviiShufflenetMetadata, load: () => import('./shufflenet-megvii.ts') },
  { metadata: shufflenetV2Metadata, load: () => import('./shufflenet-v2.ts') },
  { metadata: snetMetadata, load: () => import('./snet.ts') },
  { metadata: squeezenextMetadata, load: () => import('./squeezenext.ts') },
  { metadata: multigrainMetadata, load: () => import('./multigrain.ts') },
  { metadata: pcbMetadata, load: () => import('./pcb.ts') },
  { metadata: cspnetMetadata, load: () => import('./cspnet.ts') },
  { metadata: darknetMetadata, load: () => import('./darknet.ts') },
  { metadata: darknet19Metadata, load: () => import('./darknet19.ts') },
  { metadata: xceptionMetadata, load: () => import('./xception.ts') },
  { metadata: simplenetMetadata, load: () => import('./simplenet.ts') },
  { metadata: fractalnetMetadata, load: () => import('./fractalnet.ts') },
  { metadata: deepCaptchaMetadata, load: () => import('./deep-captcha.ts') },
  { metadata: singlePathNasMetadata, load: () => import('./single-path-nas.ts') },
  { metadata: fbnetMetadata, load: () => import('./fbnet.ts') },
  { metadata: efficientnetMetadata, load: () => import('./efficientnet.ts') },
  { metadata: lukemelasEfficientnetMetadata, load: () => import('./efficientnet-lukemelas.ts') },
  { metadata: ghostnetMetadata, load: () => import('./ghostnet.ts') },
  { metadata: pytorchcvGhostnetMetadata, load: () => import('./ghostnet-pytorchcv.ts') },
  { metadata: ecaNetMetadata, load: () => import('./eca-net.ts') },
  { metadata: pyramidnetMetadata, load: () => import('./pyramidnet.ts') },
  { metadata: regnetMetadata, load: () => import('./regnet.ts') },
  { metadata: timmRegnetMetadata, load: () => import('./regnet-timm.ts') },
  { metadata: resnestMetadata, load: () => import('./resnest.ts') },
  { metadata: resnetDMetadata, load: () => import('./resnet-d.ts') },
  { metadata: senetMetadata, load: () => import('./senet.ts') },
  { metadata: legacySENetMetadata, load: () => import('./senet-legacy.ts') },
  { metadata: sknetMetadata, load: () => import('./sknet.ts') },
  { metadata: skresnetMetadata, load: () => import('./skresnet.ts') },
  { metadata: tresnetMetadata, load: () => import('./tresnet.ts') },
  { metadata: wideResnetMetadata, load: () => import('./wide-resnet.ts') },
  { metadata: mckernelMetadata, load: () => import('./mckernel.ts') },
  { metadata: amoebanetMetadata, load: () => import('./amoebanet.ts') },
  { metadata: assembleMetadata, load: () => import('./assemble-resnet.ts') },
  { metadata: bigLittleMetadata, load: () => import('./big-little.ts') },
  { metadata: detnetMetadata, load: () => import('./detnet.ts') },
  { metadata: harmnetMetadata, load: () => import('./harmnet.ts') },
  { metadata: scalenetMetadata, load: () => import('./scalenet.ts') },
  { metadata: unetxstMetadata, load: () => import('./unetxst.ts') },
  { metadata: cornernetMetadata, load: () => import('./cornernet.ts') },
  { metadata: hrnetMetadata, load: () => import('./hrnet.ts') },
  { metadata: randwireMetadata, load: () => import('./randwire.ts') },
  { metadata: revnetMetadata, load: () => import('./revnet.ts') },
  { metadata: spinenetMetadata, load: () => import('./spinenet.ts') },
]

const index: ReadonlyMap<string, Family> = new Map(
  families.flatMap((family) => Object.keys(family.metadata).map((name) => [name, family] as const)),
)

/** The registry's names in natural order; a pattern may hold * and ?. */
export function listModels(pattern = '*'): string[] {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  const matcher = new RegExp(`^${escaped}$`)
  const collator = new Intl.Collator('en', { numeric: true })
  return [...index.keys()].filter((name) => matcher.test(name)).sort(collator.compare)
}

export function hasModel(name: string): boolean {
  return index.has(name)
}

/** Counts, preprocessing, weights and source of a network. Throws for an unknown name, with those nearest to it. */
export function modelMetadata(name: string): ModelMetadata {
  return familyOf(name).metadata[name]!
}

/**
 * Builds a network, with fresh weights drawn from the default generator unless `weights` says which to load. They bring the options
 * that they need and their own preprocessing; with another `numClasses` than theirs the classifier is fresh, with other
 * `inChannels` the first convolution is summed or repeated. Throws for options that it does not take; a HubError for weights that
 * cannot be had, a CheckpointError for a file that cannot be read.
 */
export async function createModel(name: string, options: ModelOptions = {}): Promise<Network> {
  const { weights, ...others } = options
  const { metadata } = familyOf(name)
  if (weights === undefined) return (await buildModel(name, others)).finish()
  const { createWithWeights } = await import('./pretrained.ts')
  return createWithWeights(name, metadata[name]!, weights, others, (given) => buildModel(name, given))
}

/** A network as it is defined, and what makes of it the one that was asked for. */
export interface BuiltModel {
  readonly whole: Network
  readonly finish: () => Network
}

async function buildModel(name: string, options: Omit<ModelOptions, 'weights'>): Promise<BuiltModel> {
  const family = familyOf(name)
  const variant = await variantOf(name)
  checkOptions(`createModel('${name}')`, options, { ...variant.options, ...pyramidOptions })
  // An option that is undefined counts as not given: it must not take the place of a variant's own default.
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const { featuresOnly = false, outIndices, ...own } = given as ModelOptions
  if (outIndices !== undefined && !featuresOnly) {
    throw new TypeError(`createModel('${name}'): outIndices needs featuresOnly`)
  }
  const whole = variant.create(own as never)
  const { preprocessing, weights } = family.metadata[name]!
  const finish = (): Network => {
    const network = featuresOnly ? new FeaturePyramid(whole, outIndices) : whole
    network.preprocessing = preprocessing
    network.weightEntries = weights
    return network
  }
  return { whole, finish }
}

/** The options that createModel takes for a network beside `weights`, and what each takes. */
export async function modelOptions(name: string): Promise<Readonly<Record<string, OptionKind>>> {
  return { ...(await variantOf(name)).options, ...pyramidOptions }
}

async function variantOf(name: string): Promise<AnyVariant> {
  const variant = (await familyOf(name).load()).variants[name]
  if (variant) return variant
  throw new Error(`createModel: ${name} is listed in its family's metadata but has no constructor`)
}

function familyOf(name: string): Family {
  const family = index.get(name)
  if (family) return family
  const near = nearest(name, [...index.keys()])
  throw new Error(
    `there is no network called '${name}'${near.length > 0 ? `; did you mean ${near.join(', ')}?` : ''} ` +
      'listModels() has all names',
  )
}
