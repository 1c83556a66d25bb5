import type { Preprocessing } from '../transforms/index.ts'
import { efficientNetPaper } from './efficientnet.metadata.ts'
import {
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  timm224,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

export type TensorFlowEfficientNetName =
  | 'tf_efficientnet_b0'
  | 'tf_efficientnet_b1'
  | 'tf_efficientnet_b2'
  | 'tf_efficientnet_b3'
  | 'tf_efficientnet_b4'
  | 'tf_efficientnet_b5'
  | 'tf_efficientnet_b6'
  | 'tf_efficientnet_b7'
  | 'tf_efficientnet_b8'
  | 'tf_efficientnet_l2'

const sized = (inputSize: number, cropPct: number): Preprocessing => ({ ...timm224, inputSize, cropPct })

const preprocessing = {
  b0: timm224,
  b1: sized(240, 0.882),
  b2: sized(260, 0.89),
  b3: sized(300, 0.904),
  b4: sized(380, 0.922),
  b5: sized(456, 0.934),
  b6: sized(528, 0.942),
  b7: sized(600, 0.949),
  b8: sized(672, 0.954),
  l2: sized(800, 0.96),
}

type Size = keyof typeof preprocessing

const weights = (size: Size, tag: string, top1: number): WeightEntry =>
  timmWeights(`tf_efficientnet_${size}`, tag, top1, preprocessing[size])

/** Trained with adversarial examples (AdvProp, Xie et al. 2019): images in [-1, 1] instead of ImageNet's statistics. */
const advProp = (size: Size, top1: number): WeightEntry =>
  timmWeights(`tf_efficientnet_${size}`, 'ap_in1k', top1, { ...preprocessing[size], ...inceptionStatistics })

/** Noisy Student (Xie et al. 2019): ImageNet and 300 million images without labels. */
const noisyStudent = (size: Size, top1: number): WeightEntry => weights(size, 'ns_jft_in1k', top1)

export const tensorFlowEfficientnetMetadata: Readonly<Record<TensorFlowEfficientNetName, ModelMetadata>> =
  metadataTable(
    {
      row: 'EfficientNet',
      paper: efficientNetPaper,
      numClasses: 1000,
      reference: 'timm',
      preprocessing: timm224,
    },
    {
      tf_efficientnet_b0: [
        5_288_548,
        385_814_752,
        weights('b0', 'in1k', 76.542),
        weights('b0', 'aa_in1k', 76.882),
        advProp('b0', 77.1),
        noisyStudent('b0', 78.68),
      ],
      tf_efficientnet_b1: [
        7_794_184,
        686_802_832,
        { preprocessing: preprocessing.b1 },
        weights('b1', 'in1k', 78.546),
        weights('b1', 'aa_in1k', 78.84),
        advProp('b1', 79.288),
        noisyStudent('b1', 81.388),
      ],
      tf_efficientnet_b2: [
        9_109_994,
        993_561_872,
        { preprocessing: preprocessing.b2 },
        weights('b2', 'in1k', 79.612),
        weights('b2', 'aa_in1k', 80.074),
        advProp('b2', 80.3),
        noisyStudent('b2', 82.412),
      ],
      tf_efficientnet_b3: [
        12_233_232,
        1_827_141_392,
        { preprocessing: preprocessing.b3 },
        weights('b3', 'in1k', 80.878),
        weights('b3', 'aa_in1k', 81.648),
        advProp('b3', 81.842),
        noisyStudent('b3', 84.054),
      ],
      tf_efficientnet_b4: [
        19_341_616,
        4_393_771_024,
        { preprocessing: preprocessing.b4 },
        weights('b4', 'in1k', 82.598),
        weights('b4', 'aa_in1k', 83.04),
        advProp('b4', 83.246),
        noisyStudent('b4', 85.156),
      ],
      tf_efficientnet_b5: [
        30_389_784,
        10_266_384_752,
        { preprocessing: preprocessing.b5 },
        weights('b5', 'in1k', 83.17),
        weights('b5', 'aa_in1k', 83.696),
        weights('b5', 'ra_in1k', 83.834),
        advProp('b5', 84.258),
        noisyStudent('b5', 86.096),
      ],
      tf_efficientnet_b6: [
        43_040_704,
        19_067_593_536,
        { preprocessing: preprocessing.b6 },
        weights('b6', 'aa_in1k', 84.124),
        advProp('b6', 84.794),
        noisyStudent('b6', 86.476),
      ],
      tf_efficientnet_b7: [
        66_347_960,
        37_745_884_192,
        { preprocessing: preprocessing.b7 },
        weights('b7', 'aa_in1k', 84.424),
        weights('b7', 'ra_in1k', 84.926),
        advProp('b7', 85.132),
        noisyStudent('b7', 86.85),
      ],
      tf_efficientnet_b8: [
        87_413_142,
        62_597_461_568,
        { preprocessing: preprocessing.b8 },
        weights('b8', 'ra_in1k', 85.344),
        advProp('b8', 85.358),
      ],
      tf_efficientnet_l2: [
        480_309_308,
        475_703_653_280,
        { preprocessing: preprocessing.l2 },
        noisyStudent('l2', 88.36),
        timmWeights('tf_efficientnet_l2', 'ns_jft_in1k_475', 88.246, sized(475, 0.936)),
      ],
    },
  )
