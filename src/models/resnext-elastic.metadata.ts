import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  type WeightEntry,
} from './metadata.ts'

export type ElasticResNeXtName =
  | 'resnext50_elastic'
  | 'resnext101_elastic'
  | 'se_resnext50_elastic'
  | 'resnext50_two_branch'
  | 'resnext101_two_branch'
  | 'se_resnext50_two_branch'

export const elasticPaper: Paper = paperOf(
  'Wang et al.',
  'ELASTIC: Improving CNNs with Dynamic Scaling Policies',
  2018,
  '1812.05262',
)

export const elasticWeights = (file: string, top1?: number): WeightEntry => ({
  tag: 'allenai_in1k',
  url: `http://ai2-vision.s3.amazonaws.com/elastic/imagenet_models/${file}.pth.tar`,
  licence: 'Apache-2.0',
  classes: 'imagenet-1k',
  ...(top1 !== undefined && { top1 }),
  source: 'allenai/elastic',
  preprocessing: imagenet224,
})

/** Figures of the paper that were quoted from memory; the paper was not at hand to read them again. */
const quoted = (top1: number) => ({
  accuracy: { top1, source: 'the paper, quoted second-hand' },
  note: 'The accuracy is quoted second-hand and not confirmed.',
})

export const elasticResnextMetadata: Readonly<Record<ElasticResNeXtName, ModelMetadata>> = metadataTable(
  {
    row: 'ResNeXt-Elastic',
    paper: elasticPaper,
    numClasses: 1000,
    reference: 'allenai/elastic',
    preprocessing: imagenet224,
  },
  {
    resnext50_elastic: [25_246_504, 4_176_891_904, elasticWeights('resnext50_elastic'), quoted(78.4)],
    resnext101_elastic: [44_265_256, 7_888_912_384, elasticWeights('resnext101_elastic'), quoted(79.2)],
    se_resnext50_elastic: [27_803_976, 4_179_431_424, elasticWeights('se_resnext50_elastic'), quoted(79.6)],
    resnext50_two_branch: [25_028_904, 4_230_479_872, elasticWeights('resnext50'), quoted(77.8)],
    resnext101_two_branch: [44_177_704, 7_969_996_800, elasticWeights('resnext101'), quoted(78.8)],
    se_resnext50_two_branch: [27_559_896, 4_232_994_816],
  },
)
