import {
  imagenet224,
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  timmWeights as timm,
  timm224,
  type WeightEntry,
} from './metadata.ts'

export type VoVNetName =
  | 'vovnet39a'
  | 'vovnet57a'
  | 'ese_vovnet19b_slim_dw'
  | 'ese_vovnet19b_dw'
  | 'ese_vovnet19b_slim'
  | 'ese_vovnet19b'
  | 'ese_vovnet39b'
  | 'ese_vovnet57b'
  | 'ese_vovnet99b'
  | 'eca_vovnet39b'

export const vovnetPaper: Paper = paperOf(
  'Lee et al.',
  'An Energy and GPU-Computation Efficient Backbone Network for Real-Time Object Detection',
  2019,
  '1904.09730',
)

const shared = { numClasses: 1000, reference: 'timm', preprocessing: timm224, minInputSize: 29 } as const

/** The authors' backbones for detectors: eSE in every block, no classifier, for use with `featuresOnly`. */
const backbone = (address: string): WeightEntry => ({
  tag: 'authors_backbone',
  url: `https://dl.dropbox.com/s/${address}_detectron2.pth`,
  naming: 'youngwanLEE/vovnet-detectron2',
  options: { attentionBlocks: 'every', featuresOnly: true },
  licence: 'CC-BY-NC-4.0',
  classes: null,
  source: 'youngwanLEE/vovnet-detectron2',
  preprocessing: imagenet224,
})

const ra4 = { ...timm224, ...inceptionStatistics, inputSize: 256, cropPct: 0.95 }

export const vovnetMetadata: Readonly<Record<VoVNetName, ModelMetadata>> = {
  ...metadataTable(
    { ...shared, row: 'VoVNet', paper: vovnetPaper },
    { vovnet39a: [22_600_296, 7_072_227_328], vovnet57a: [36_640_296, 8_930_144_256] },
  ),
  ...metadataTable(
    {
      ...shared,
      row: 'VoVNetV2',
      paper: paperOf(
        'Lee and Park',
        'CenterMask: Real-Time Anchor-Free Instance Segmentation',
        2019,
        '1911.06667',
      ),
    },
    {
      ese_vovnet19b_slim_dw: [1_897_752, 398_071_376, backbone('f3s7ospitqoals1/vovnet19_ese_slim_dw')],
      ese_vovnet19b_dw: [
        6_543_080,
        1_333_489_824,
        timm('ese_vovnet19b_dw', 'ra_in1k', 76.828),
        backbone('9awvl0mxye3nqz1/vovnet19_ese_dw'),
      ],
      ese_vovnet19b_slim: [3_166_136, 1_680_214_784, backbone('8h5ybmi4ftbcom0/vovnet19_ese_slim')],
      ese_vovnet19b: [11_205_416, 4_121_937_920, backbone('rptgw6stppbiw1u/vovnet19_ese')],
      ese_vovnet39b: [
        24_568_936,
        7_074_193_408,
        timm('ese_vovnet39b', 'ra_in1k', 79.312),
        backbone('q98pypf96rhtd8y/vovnet39_ese'),
      ],
      ese_vovnet57b: [
        38_608_936,
        11_665_514_496,
        { preprocessing: ra4 },
        timm('ese_vovnet57b', 'ra4_e3600_r256_in1k', 82.46, ra4),
        backbone('8xl0cb3jj51f45a/vovnet57_ese'),
      ],
      ese_vovnet99b: [63_199_272, 16_488_214_528, backbone('1mlv31coewx8trd/vovnet99_ese')],
      eca_vovnet39b: [22_600_316, 7_072_240_128],
    },
  ),
}
