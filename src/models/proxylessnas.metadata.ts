import type { CatalogueRow } from './catalogue.ts'
import {
  imagenet224,
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  type WeightEntry,
} from './metadata.ts'

/** With the names of pytorchcv. */
export type ProxylessNASName = `proxylessnas_${'gpu' | 'mobile' | 'mobile14' | 'cpu'}`

/** With the authors' names. */
export type ProxylessNASNetsName =
  `proxyless_${'gpu' | 'mobile' | 'mobile_14' | 'cpu' | 'mobile_w0.25_r112' | 'mobile_w0.3_r176'}`

const authors = { reference: 'mit-han-lab/proxylessnas' } as const

const common: Pick<WeightEntry, 'tag' | 'licence' | 'classes' | 'source'> = {
  tag: 'mit',
  licence: 'MIT',
  classes: 'imagenet-1k',
  source: authors.reference,
}

const hub = (target: string, top1?: number): WeightEntry => ({
  ...common,
  url: `https://raw.githubusercontent.com/han-cai/files/master/proxylessnas/proxyless_${target}.pth`,
  ...(top1 !== undefined && { top1 }),
  preprocessing: imagenet224,
})

/**
 * The networks that the gaze estimation of the same repository begins with. It does not say how images were prepared: values
 * in [-1, 1] make them recognise 58 and 60 of 100 photographs, ImageNet's mean and deviation 39 and 37.
 */
function small(
  width: string,
  inputSize: number,
  resize: number,
  bytes: number,
  sha256: string,
): readonly [WeightEntry, Pick<ModelMetadata, 'reference' | 'preprocessing' | 'row'>] {
  const preprocessing = { ...imagenet224, ...inceptionStatistics, inputSize, resize }
  const folder = 'proxyless_gaze/training/gaze_estimation/pretrained'
  const file = `proxyless-w${width}-r${inputSize}_imagenet.pth`
  const url = `https://github.com/mit-han-lab/proxylessnas/raw/master/${folder}/${file}`
  return [
    { ...common, url, bytes, sha256, preprocessing },
    { ...authors, row: mobile.row, preprocessing },
  ]
}

const rowOf = (row: CatalogueRow): { readonly row: CatalogueRow } => ({ row })
const mobile = rowOf('ProxylessNet-Mobile')
const cpu = rowOf('ProxylessNet-CPU')

export const proxylessnasMetadata: Readonly<Record<ProxylessNASName | ProxylessNASNetsName, ModelMetadata>> =
  metadataTable(
    {
      row: 'ProxylessNet-GPU',
      paper: paperOf(
        'Cai et al.',
        'ProxylessNAS: Direct Neural Architecture Search on Target Task and Hardware',
        2019,
        '1812.00332',
      ),
      numClasses: 1000,
      reference: 'pytorchcv',
      preprocessing: imagenet224,
    },
    {
      proxylessnas_gpu: [
        7_119_848,
        465_260_160,
        pytorchcvWeights('v0.0.333', 'proxylessnas_gpu-0745-acca5941.pth.zip', 75.21),
      ],
      proxylessnas_mobile: [
        4_080_512,
        320_427_584,
        pytorchcvWeights('v0.0.304', 'proxylessnas_mobile-0780-639a90c2.pth.zip', 74.59),
        mobile,
      ],
      proxylessnas_mobile14: [
        6_857_568,
        580_883_408,
        pytorchcvWeights('v0.0.331', 'proxylessnas_mobile14-0662-0c0ad983.pth.zip', 76.71),
        mobile,
      ],
      proxylessnas_cpu: [
        4_361_648,
        439_243_864,
        pytorchcvWeights('v0.0.304', 'proxylessnas_cpu-0761-fe9572b1.pth.zip', 75.29),
        cpu,
      ],
      proxyless_gpu: [7_119_848, 465_260_160, hub('gpu', 75.084), authors],
      proxyless_mobile: [4_080_512, 320_427_584, hub('mobile', 74.594), authors, mobile],
      proxyless_mobile_14: [6_857_568, 580_883_408, hub('mobile_14'), authors, mobile],
      proxyless_cpu: [4_361_648, 439_243_864, hub('cpu', 75.29), authors, cpu],
      'proxyless_mobile_w0.25_r112': [
        569_600,
        10_691_008,
        ...small(
          '0.25',
          112,
          128,
          2_400_980,
          'd4bfc7a6fd8c2ee846cbad32a42153f454b02f73da605c6506bb233dc236ebbb',
        ),
      ],
      'proxyless_mobile_w0.3_r176': [
        754_280,
        38_282_216,
        ...small(
          '0.3',
          176,
          202,
          3_148_666,
          '5c94b02905bff62a4b1c11454b32e90d5c3e355d576aedf48257e2393de18d20',
        ),
      ],
    },
  )
