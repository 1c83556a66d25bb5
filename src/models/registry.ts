import { checkOptions, nearest, type OptionKind, type OptionKinds } from '../tensor/options.ts'
import { alexnetMetadata } from './alexnet.metadata.ts'
import { amoebanetMetadata } from './amoebanet.metadata.ts'
import { assembleMetadata } from './assemble-resnet.metadata.ts'
import { bigLittleMetadata } from './big-little.metadata.ts'
import { detnetMetadata } from './detnet.metadata.ts'
import { FeaturePyramid } from './feature-pyramid.ts'
import { harmnetMetadata } from './harmnet.metadata.ts'
import { lenetMetadata } from './lenet.metadata.ts'
import type { ModelMetadata } from './metadata.ts'
import { mobilenetV2Metadata } from './mobilenet-v2.metadata.ts'
import { multigrainMetadata } from './multigrain.metadata.ts'
import type { Network, NetworkOptions } from './network.ts'
import { pcbMetadata } from './pcb.metadata.ts'
import { randwireMetadata } from './randwire.metadata.ts'
import { resnetMetadata } from './resnet.metadata.ts'
import { cifarResnetMetadata } from './resnet-cifar.metadata.ts'
import { revnetMetadata } from './revnet.metadata.ts'
import { scalenetMetadata } from './scalenet.metadata.ts'
import { spinenetMetadata } from './spinenet.metadata.ts'
import { squeezenetMetadata } from './squeezenet.metadata.ts'
import { vggMetadata } from './vgg.metadata.ts'

/** Options of createModel itself, which every network takes. */
export interface PyramidOptions {
  /** Leaves the head away: `forwardAll` gives the outputs of the stages. */
  readonly featuresOnly?: boolean
  /** Which stages, by their places in `featureInfo`; all unless given. */
  readonly outIndices?: readonly number[]
}

const pyramidOptions: OptionKinds<PyramidOptions> = { featuresOnly: 'flag', outIndices: 'any' }

/** Options beyond the common ones are the family's own; its file documents them. */
export type ModelOptions = NetworkOptions & PyramidOptions & Readonly<Record<string, unknown>>

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
  { metadata: mobilenetV2Metadata, load: () => import('./mobilenet-v2.ts') },
  { metadata: amoebanetMetadata, load: () => import('./amoebanet.ts') },
  { metadata: assembleMetadata, load: () => import('./assemble-resnet.ts') },
  { metadata: bigLittleMetadata, load: () => import('./big-little.ts') },
  { metadata: detnetMetadata, load: () => import('./detnet.ts') },
  { metadata: harmnetMetadata, load: () => import('./harmnet.ts') },
  { metadata: multigrainMetadata, load: () => import('./multigrain.ts') },
  { metadata: pcbMetadata, load: () => import('./pcb.ts') },
  { metadata: randwireMetadata, load: () => import('./randwire.ts') },
  { metadata: revnetMetadata, load: () => import('./revnet.ts') },
  { metadata: scalenetMetadata, load: () => import('./scalenet.ts') },
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

/** Builds a network with fresh weights drawn from the default generator. Throws for options that it does not take. */
export async function createModel(name: string, options: ModelOptions = {}): Promise<Network> {
  const family = familyOf(name)
  const variant = (await family.load()).variants[name]
  if (!variant) {
    throw new Error(`createModel: ${name} is listed in its family's metadata but has no constructor`)
  }
  checkOptions(`createModel('${name}')`, options, { ...variant.options, ...pyramidOptions })
  const { featuresOnly = false, outIndices, ...own } = options
  if (outIndices !== undefined && !featuresOnly) {
    throw new TypeError(`createModel('${name}'): outIndices needs featuresOnly`)
  }
  const whole = variant.create(own as never)
  const network = featuresOnly ? new FeaturePyramid(whole, outIndices) : whole
  const { preprocessing, weights } = family.metadata[name]!
  network.preprocessing = preprocessing
  network.weightEntries = weights
  return network
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
