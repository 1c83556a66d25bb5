import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

export type MobileNetV1Name = 'mobilenet_w1' | 'mobilenet_w3d4' | 'mobilenet_wd2' | 'mobilenet_wd4'
export type TimmMobileNetV1Name = 'mobilenetv1_100' | 'mobilenetv1_100h' | 'mobilenetv1_125'

const inception: Preprocessing = { ...timm224, ...inceptionStatistics }
const inception90: Preprocessing = { ...inception, cropPct: 0.9 }

/** Of the slim models: 1001 outputs, the first for the background. */
const tensorFlow = (width: string, top1: number): WeightEntry => ({
  tag: 'tf_in1k',
  url: `http://download.tensorflow.org/models/mobilenet_v1_2018_02_22/mobilenet_v1_${width}_224.tgz`,
  format: 'tensorflow',
  naming: 'tensorflow',
  options: { numClasses: 1001, activation: 'relu6', normEps: 1e-3, padding: 'sameTensorFlow' },
  licence: 'Apache-2.0',
  classes: null,
  top1,
  source: 'tensorflow/models research/slim',
  preprocessing: { ...inception, interpolation: 'bilinear' },
})

const keras = (width: string): WeightEntry => ({
  tag: 'keras_in1k',
  url: `https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/mobilenet_${width}_224_tf.h5`,
  format: 'keras',
  naming: 'keras',
  options: { activation: 'relu6', normEps: 1e-3, padding: 'keras' },
  licence: 'not stated',
  classes: 'imagenet-1k',
  source: 'keras-applications',
  preprocessing: { ...inception, interpolation: 'bilinear' },
})

export const mobilenetV1Metadata: Readonly<Record<MobileNetV1Name | TimmMobileNetV1Name, ModelMetadata>> =
  metadataTable(
    {
      row: 'MobileNetV1',
      paper: paperOf(
        'Howard et al.',
        'MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications',
        2017,
        '1704.04861',
      ),
      numClasses: 1000,
      reference: 'pytorchcv',
      preprocessing: imagenet224,
    },
    {
      mobilenet_w1: [
        4_231_976,
        568_740_352,
        pytorchcvWeights('v0.0.155', 'mobilenet_w1-0895-7e1d739f.pth.zip', 73.39),
        tensorFlow('1.0', 70.9),
        keras('1_0'),
      ],
      mobilenet_w3d4: [
        2_585_560,
        325_400_448,
        pytorchcvWeights('v0.0.130', 'mobilenet_w3d4-1076-d801bcae.pth.zip', 69.86),
        tensorFlow('0.75', 68.4),
        keras('7_5'),
      ],
      mobilenet_wd2: [
        1_331_592,
        149_497_088,
        pytorchcvWeights('v0.0.156', 'mobilenet_wd2-1355-41a21242.pth.zip', 65.85),
        tensorFlow('0.5', 63.3),
        keras('5_0'),
      ],
      mobilenet_wd4: [
        470_072,
        41_030_272,
        pytorchcvWeights('v0.0.62', 'mobilenet_wd4-2249-1ad5e8fe.pth.zip', 53.74),
        tensorFlow('0.25', 49.8),
        keras('2_5'),
      ],
      mobilenetv1_100: [
        4_231_976,
        568_740_352,
        { reference: 'timm', preprocessing: inception },
        timmWeights('mobilenetv1_100', 'ra4_e3600_r224_in1k', 75.388, inception),
      ],
      mobilenetv1_100h: [
        5_282_600,
        620_120_576,
        { reference: 'timm', preprocessing: inception },
        timmWeights('mobilenetv1_100h', 'ra4_e3600_r224_in1k', 75.664, inception),
      ],
      mobilenetv1_125: [
        6_270_840,
        879_516_800,
        { reference: 'timm', preprocessing: inception90 },
        timmWeights('mobilenetv1_125', 'ra4_e3600_r224_in1k', 76.92, inception90),
      ],
    },
  )
