import type { Preprocessing } from '../transforms/index.ts'
import { inceptionStatistics, timm224, timmWeights, type WeightEntry } from './metadata.ts'

const at224c95: Preprocessing = { ...timm224, cropPct: 0.95 }
const at160c95: Preprocessing = { ...timm224, inputSize: 160, cropPct: 0.95 }
const at224Bilinear: Preprocessing = { ...timm224, interpolation: 'bilinear' }

type Name =
  | 'resnet18'
  | 'resnet34'
  | 'resnet50'
  | 'resnet101'
  | 'resnet152'
  | 'resnext50_32x4d'
  | 'resnext101_32x4d'
  | 'resnext101_32x8d'
  | 'resnext101_32x16d'
  | 'resnext101_32x32d'
  | 'resnext101_64x4d'
  | 'wide_resnet50_2'

/** timm's weights of torchvision's networks, under the same parameter names. */
export const timmResNetWeights: Readonly<Record<Name, readonly WeightEntry[]>> = {
  resnet18: [
    timmWeights('resnet18', 'a1_in1k', 71.504, at224c95),
    timmWeights('resnet18', 'a2_in1k', 70.634, at224c95),
    timmWeights('resnet18', 'a3_in1k', 65.67, at160c95),
    timmWeights('resnet18', 'fb_ssl_yfcc100m_ft_in1k', 72.636, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnet18', 'fb_swsl_ig1b_ft_in1k', 73.286, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnet18', 'gluon_in1k', 70.844),
  ],
  resnet34: [
    timmWeights('resnet34', 'a1_in1k', 76.42, at224c95),
    timmWeights('resnet34', 'a2_in1k', 75.52, at224c95),
    timmWeights('resnet34', 'a3_in1k', 70.58, at160c95),
    timmWeights('resnet34', 'bt_in1k', 75.176),
    timmWeights('resnet34', 'ra4_e3600_r224_in1k', 77.492, {
      ...timm224,
      cropPct: 0.9,
      ...inceptionStatistics,
    }),
    timmWeights('resnet34', 'gluon_in1k', 74.574),
  ],
  resnet50: [
    timmWeights('resnet50', 'a1_in1k', 80.382, at224c95),
    timmWeights('resnet50', 'a1h_in1k', 79.264, { ...timm224, inputSize: 176, cropPct: 0.9 }),
    timmWeights('resnet50', 'a2_in1k', 79.828, at224c95),
    timmWeights('resnet50', 'a3_in1k', 75.994, at160c95),
    timmWeights('resnet50', 'b1k_in1k', 79.564, at224c95),
    timmWeights('resnet50', 'b2k_in1k', 79.388, at224c95),
    timmWeights('resnet50', 'c1_in1k', 79.766, at224c95),
    timmWeights('resnet50', 'c2_in1k', 79.868, at224c95),
    timmWeights('resnet50', 'd_in1k', 79.904, at224c95),
    timmWeights('resnet50', 'ram_in1k', 79.034),
    timmWeights('resnet50', 'am_in1k', 79.004),
    timmWeights('resnet50', 'ra_in1k', 78.82),
    timmWeights('resnet50', 'bt_in1k', 78.444),
    timmWeights('resnet50', 'fb_ssl_yfcc100m_ft_in1k', 79.252, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnet50', 'fb_swsl_ig1b_ft_in1k', 81.146, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnet50', 'gluon_in1k', 77.58),
  ],
  resnet101: [
    timmWeights('resnet101', 'a1h_in1k', 81.95, at224c95),
    timmWeights('resnet101', 'a1_in1k', 81.494, at224c95),
    timmWeights('resnet101', 'a2_in1k', 81.344, at224c95),
    timmWeights('resnet101', 'a3_in1k', 77.928, at160c95),
    timmWeights('resnet101', 'gluon_in1k', 79.306),
  ],
  resnet152: [
    timmWeights('resnet152', 'a1h_in1k', 82.818, at224c95),
    timmWeights('resnet152', 'a1_in1k', 81.998, at224c95),
    timmWeights('resnet152', 'a2_in1k', 81.764, at224c95),
    timmWeights('resnet152', 'a3_in1k', 78.896, at160c95),
    timmWeights('resnet152', 'gluon_in1k', 79.712),
  ],
  resnext50_32x4d: [
    timmWeights('resnext50_32x4d', 'a1h_in1k', 81.14, at224c95),
    timmWeights('resnext50_32x4d', 'a1_in1k', 80.526, at224c95),
    timmWeights('resnext50_32x4d', 'a2_in1k', 80.444, at224c95),
    timmWeights('resnext50_32x4d', 'a3_in1k', 77.732, { ...timm224, inputSize: 160, cropPct: 0.95 }),
    timmWeights('resnext50_32x4d', 'ra_in1k', 79.8),
    timmWeights('resnext50_32x4d', 'fb_ssl_yfcc100m_ft_in1k', 80.316, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnext50_32x4d', 'fb_swsl_ig1b_ft_in1k', 82.162, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnext50_32x4d', 'gluon_in1k', 79.354),
  ],
  resnext101_32x4d: [
    timmWeights('resnext101_32x4d', 'fb_ssl_yfcc100m_ft_in1k', 80.936, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnext101_32x4d', 'fb_swsl_ig1b_ft_in1k', 83.268, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnext101_32x4d', 'gluon_in1k', 80.336),
  ],
  resnext101_32x8d: [
    timmWeights('resnext101_32x8d', 'fb_wsl_ig1b_ft_in1k', 82.72, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnext101_32x8d', 'fb_ssl_yfcc100m_ft_in1k', 81.62, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnext101_32x8d', 'fb_swsl_ig1b_ft_in1k', 84.276, at224Bilinear, 'CC-BY-NC-4.0'),
  ],
  resnext101_32x16d: [
    timmWeights('resnext101_32x16d', 'fb_wsl_ig1b_ft_in1k', 84.166, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnext101_32x16d', 'fb_ssl_yfcc100m_ft_in1k', 81.856, at224Bilinear, 'CC-BY-NC-4.0'),
    timmWeights('resnext101_32x16d', 'fb_swsl_ig1b_ft_in1k', 83.34, at224Bilinear, 'CC-BY-NC-4.0'),
  ],
  resnext101_32x32d: [
    timmWeights('resnext101_32x32d', 'fb_wsl_ig1b_ft_in1k', 85.09, at224Bilinear, 'CC-BY-NC-4.0'),
  ],
  resnext101_64x4d: [
    timmWeights('resnext101_64x4d', 'c1_in1k', 82.446, at224c95),
    timmWeights('resnext101_64x4d', 'gluon_in1k', 80.64),
  ],
  wide_resnet50_2: [timmWeights('wide_resnet50_2', 'racm_in1k', 81.466)],
}
