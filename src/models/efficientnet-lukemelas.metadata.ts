import type { Preprocessing } from '../transforms/index.ts'
import { efficientNetPaper } from './efficientnet.metadata.ts'
import {
  imagenet224,
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  type WeightEntry,
} from './metadata.ts'
import { fileIdentity } from './weight-files.ts'

export type LukemelasEfficientNetName =
  | 'efficientnet-b0'
  | 'efficientnet-b1'
  | 'efficientnet-b2'
  | 'efficientnet-b3'
  | 'efficientnet-b4'
  | 'efficientnet-b5'
  | 'efficientnet-b6'
  | 'efficientnet-b7'
  | 'efficientnet-b8'
  | 'efficientnet-l2'

/** The side of the images that each network is made for. */
export const nativeImageSizes: Readonly<Record<LukemelasEfficientNetName, number>> = {
  'efficientnet-b0': 224,
  'efficientnet-b1': 240,
  'efficientnet-b2': 260,
  'efficientnet-b3': 300,
  'efficientnet-b4': 380,
  'efficientnet-b5': 456,
  'efficientnet-b6': 528,
  'efficientnet-b7': 600,
  'efficientnet-b8': 672,
  'efficientnet-l2': 800,
}

const preprocessingOf = (name: LukemelasEfficientNetName): Preprocessing => {
  const size = nativeImageSizes[name]
  return { ...imagenet224, inputSize: size, resize: size, interpolation: 'bicubic' }
}

const entry = (tag: string, file: string): Omit<WeightEntry, 'preprocessing'> => ({
  tag,
  url: `https://github.com/lukemelas/EfficientNet-PyTorch/releases/download/1.0/${file}`,
  ...fileIdentity(file),
  licence: 'Apache-2.0',
  classes: 'imagenet-1k',
  source: 'lukemelas/EfficientNet-PyTorch',
})

/** Converted from the authors' weights of AutoAugment's recipe. */
const weights = (name: LukemelasEfficientNetName, hash: string, top1: number): WeightEntry => ({
  ...entry('aa_in1k', `${name}-${hash}.pth`),
  top1,
  preprocessing: preprocessingOf(name),
})

/** Trained with adversarial examples (AdvProp, Xie et al. 2019): images in [-1, 1] instead of ImageNet's statistics. */
const advProp = (name: LukemelasEfficientNetName, hash: string): WeightEntry => ({
  ...entry('ap_in1k', `adv-${name}-${hash}.pth`),
  preprocessing: { ...preprocessingOf(name), ...inceptionStatistics },
})

const sized = (name: LukemelasEfficientNetName) => ({ preprocessing: preprocessingOf(name) })

export const lukemelasEfficientnetMetadata: Readonly<Record<LukemelasEfficientNetName, ModelMetadata>> =
  metadataTable(
    {
      row: 'EfficientNet',
      paper: efficientNetPaper,
      numClasses: 1000,
      reference: 'lukemelas/EfficientNet-PyTorch',
      preprocessing: preprocessingOf('efficientnet-b0'),
    },
    {
      'efficientnet-b0': [
        5_288_548,
        385_814_752,
        weights('efficientnet-b0', '355c32eb', 76.3),
        advProp('efficientnet-b0', 'b64d5a18'),
      ],
      'efficientnet-b1': [
        7_794_184,
        686_802_832,
        sized('efficientnet-b1'),
        weights('efficientnet-b1', 'f1951068', 78.8),
        advProp('efficientnet-b1', '0f3ce85a'),
      ],
      'efficientnet-b2': [
        9_109_994,
        993_561_872,
        sized('efficientnet-b2'),
        weights('efficientnet-b2', '8bb594d6', 79.8),
        advProp('efficientnet-b2', '6e9d97e5'),
      ],
      'efficientnet-b3': [
        12_233_232,
        1_827_141_392,
        sized('efficientnet-b3'),
        weights('efficientnet-b3', '5fb5a3c3', 81.1),
        advProp('efficientnet-b3', 'cdd7c0f4'),
      ],
      'efficientnet-b4': [
        19_341_616,
        4_393_771_024,
        sized('efficientnet-b4'),
        weights('efficientnet-b4', '6ed6700e', 82.6),
        advProp('efficientnet-b4', '44fb3a87'),
      ],
      'efficientnet-b5': [
        30_389_784,
        10_266_384_752,
        sized('efficientnet-b5'),
        weights('efficientnet-b5', 'b6417697', 83.3),
        advProp('efficientnet-b5', '86493f6b'),
      ],
      'efficientnet-b6': [
        43_040_704,
        19_067_593_536,
        sized('efficientnet-b6'),
        weights('efficientnet-b6', 'c76e70fd', 84),
        advProp('efficientnet-b6', 'ac80338e'),
      ],
      'efficientnet-b7': [
        66_347_960,
        37_745_884_192,
        sized('efficientnet-b7'),
        weights('efficientnet-b7', 'dcc49843', 84.4),
        advProp('efficientnet-b7', '4652b6dd'),
      ],
      'efficientnet-b8': [
        87_413_142,
        62_597_461_568,
        sized('efficientnet-b8'),
        advProp('efficientnet-b8', '22a8fe65'),
      ],
      'efficientnet-l2': [480_309_308, 475_703_653_280, sized('efficientnet-l2')],
    },
  )
