import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  timm224,
  type WeightEntry,
} from './metadata.ts'

export type LegacySENetName =
  | 'legacy_seresnet18'
  | 'legacy_seresnet34'
  | 'legacy_seresnet50'
  | 'legacy_seresnet101'
  | 'legacy_seresnet152'
  | 'legacy_seresnext26_32x4d'
  | 'legacy_seresnext50_32x4d'
  | 'legacy_seresnext101_32x4d'
  | 'legacy_senet154'

/** Files of timm's releases, which came from Cadene's and the authors' networks. */
function released(file: string, top1: number, preprocessing: Preprocessing = imagenet224): WeightEntry {
  return {
    tag: 'in1k',
    url: `https://github.com/rwightman/pytorch-image-models/releases/download/${file}`,
    sha256Prefix: /-([0-9a-f]{8,})\.pth$/.exec(file)![1]!.slice(0, 8),
    licence: 'Apache-2.0',
    classes: 'imagenet-1k',
    top1,
    source: 'timm',
    preprocessing,
  }
}

export const legacySENetMetadata: Readonly<Record<LegacySENetName, ModelMetadata>> = metadataTable(
  {
    row: 'SENet',
    paper: paperOf('Hu et al.', 'Squeeze-and-Excitation Networks', 2017, '1709.01507'),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: imagenet224,
  },
  {
    legacy_seresnet18: [
      11_778_592,
      1_814_160_384,
      released('v0.1-weights/seresnet18-4bb0ce65.pth', 71.742, timm224),
      { preprocessing: timm224 },
    ],
    legacy_seresnet34: [21_958_868, 3_663_918_592, released('v0.1-weights/seresnet34-a4004e63.pth', 74.788)],
    legacy_seresnet50: [28_088_024, 3_860_488_192, released('v0.1-cadene/se_resnet50-ce0d4300.pth', 77.65)],
    legacy_seresnet101: [49_326_872, 7_574_937_600, released('v0.1-cadene/se_resnet101-7e38fcc6.pth', 78.37)],
    legacy_seresnet152: [
      66_821_848,
      11_288_993_792,
      released('v0.1-cadene/se_resnet152-d17c99b7.pth', 78.662),
    ],
    legacy_seresnext26_32x4d: [
      16_790_280,
      2_472_099_840,
      released('v0.1-weights/seresnext26_32x4d-65ebdb501.pth', 77.1, timm224),
      { preprocessing: timm224 },
    ],
    legacy_seresnext50_32x4d: [
      27_559_896,
      4_232_994_816,
      released('v0.1-weights/legacy_se_resnext50_32x4d-f3651bad.pth', 79.08),
    ],
    legacy_seresnext101_32x4d: [
      48_955_416,
      7_974_739_968,
      released('v0.1-weights/legacy_se_resnext101_32x4d-37725eac.pth', 80.274),
    ],
    legacy_senet154: [
      115_088_984,
      20_688_363_520,
      released('v0.1-weights/legacy_senet154-e9eb9fe6.pth', 81.32),
    ],
  },
)
