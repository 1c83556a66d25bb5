import {
  imagenet224,
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  paperOf,
  timm224,
  timmWeights,
  torchvisionWeights,
  type WeightEntry,
} from './metadata.ts'

export type MobileNetV2Name = 'mobilenet_v2'

export type TimmMobileNetV2Name =
  | 'mobilenetv2_035'
  | 'mobilenetv2_050'
  | 'mobilenetv2_075'
  | 'mobilenetv2_100'
  | 'mobilenetv2_110d'
  | 'mobilenetv2_120d'
  | 'mobilenetv2_140'

const dli14 = (widthMult: number, file: string, top1: number, top5: number): WeightEntry => ({
  tag: `dli14_${widthMult}_in1k`,
  url: `https://github.com/d-li14/mobilenetv2.pytorch/raw/master/pretrained/${file}`,
  naming: 'd-li14',
  options: { widthMult },
  licence: 'Apache-2.0',
  classes: 'imagenet-1k',
  top1,
  top5,
  source: 'd-li14/mobilenetv2.pytorch',
  preprocessing: imagenet224,
})

const timm = { reference: 'timm', preprocessing: timm224 }

export const mobilenetV2Metadata: Readonly<Record<MobileNetV2Name | TimmMobileNetV2Name, ModelMetadata>> =
  metadataTable(
    {
      row: 'MobileNetV2',
      paper: paperOf(
        'Sandler et al.',
        'MobileNetV2: Inverted Residuals and Linear Bottlenecks',
        2018,
        '1801.04381',
      ),
      numClasses: 1000,
      reference: 'torchvision',
      preprocessing: imagenet224,
    },
    {
      mobilenet_v2: [
        3_504_872,
        300_774_272,
        torchvisionWeights('mobilenet_v2-7ebf99e0.pth', 72.154, 90.822, 'tv2_in1k', 232),
        torchvisionWeights('mobilenet_v2-b0353104.pth', 71.878, 90.286),
        dli14(0.25, 'mobilenetv2_0.25-b61d2159.pth', 52.352, 75.932),
        dli14(0.35, 'mobilenetv2_0.35-b2e15951.pth', 60.092, 82.172),
        dli14(0.5, 'mobilenetv2_0.5-eaa6f9ad.pth', 64.592, 85.392),
        dli14(0.75, 'mobilenetv2_0.75-dace9791.pth', 69.952, 88.986),
        dli14(1, 'mobilenetv2_1.0-0c6065bc.pth', 72.192, 90.534),
        {
          tag: 'tf_1.3_in1k',
          url: 'https://storage.googleapis.com/mobilenet_v2/checkpoints/mobilenet_v2_1.3_224.tgz',
          format: 'tensorflow',
          naming: 'tensorflow',
          options: { numClasses: 1001, widthMult: 1.3, padding: 'sameTensorFlow', normEps: 1e-3 },
          licence: 'Apache-2.0',
          classes: null,
          top1: 74.4,
          source: 'tensorflow/models research/slim',
          preprocessing: { ...timm224, ...inceptionStatistics, interpolation: 'bilinear' },
        },
      ],
      mobilenetv2_035: [1_677_128, 59_285_808, timm],
      mobilenetv2_050: [1_968_680, 97_131_840, timm, timmWeights('mobilenetv2_050', 'lamb_in1k', 65.928)],
      mobilenetv2_075: [2_636_424, 209_069_792, timm],
      mobilenetv2_100: [3_504_872, 300_774_272, timm, timmWeights('mobilenetv2_100', 'ra_in1k', 72.91)],
      mobilenetv2_110d: [4_516_520, 430_516_080, timm, timmWeights('mobilenetv2_110d', 'ra_in1k', 75.056)],
      mobilenetv2_120d: [5_831_144, 668_857_568, timm, timmWeights('mobilenetv2_120d', 'ra_in1k', 77.3)],
      mobilenetv2_140: [6_108_776, 582_195_824, timm, timmWeights('mobilenetv2_140', 'ra_in1k', 76.528)],
    },
  )
