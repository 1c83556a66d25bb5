import type { Preprocessing } from '../transforms/index.ts'
import {
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

export type DpnName = 'dpn68' | 'dpn68b' | 'dpn92' | 'dpn98' | 'dpn107' | 'dpn131'

/** The authors' means, and one deviation for all channels: raw values times 0.0167. */
const preprocessing: Preprocessing = {
  ...timm224,
  mean: [124 / 255, 117 / 255, 104 / 255],
  std: [1 / (0.0167 * 255), 1 / (0.0167 * 255), 1 / (0.0167 * 255)],
}

/** The authors' weights from MXNet. */
function mxnet(name: DpnName, top1: number, top5: number): WeightEntry {
  return { ...timmWeights(name, 'mx_in1k', top1, preprocessing), top5 }
}

function pytorchcv(release: string, file: string, top1: number): WeightEntry {
  return pytorchcvWeights(release, file, top1, { naming: 'pytorchcv' })
}

export const dpnMetadata: Readonly<Record<DpnName, ModelMetadata>> = metadataTable(
  {
    row: 'DPN',
    paper: paperOf('Chen et al.', 'Dual Path Networks', 2017, '1707.01629'),
    numClasses: 1000,
    reference: 'timm',
    preprocessing,
  },
  {
    dpn68: [
      12_611_602,
      2_326_163_456,
      mxnet('dpn68', 76.304, 92.994),
      pytorchcv('v0.0.310', 'dpn68-0679-a33c98c7.pth.zip', 76.76),
    ],
    dpn68b: [
      12_611_602,
      2_326_163_456,
      mxnet('dpn68b', 77.494, 93.834),
      { ...timmWeights('dpn68b', 'ra_in1k', 78.546, { ...timm224, cropPct: 0.95 }), top5: 93.982 },
    ],
    dpn92: [37_668_392, 6_501_684_224, mxnet('dpn92', 80.032, 94.876)],
    dpn98: [
      61_570_728,
      11_671_217_152,
      mxnet('dpn98', 79.664, 94.644),
      pytorchcv('v0.0.540', 'dpn98-0430-50ff8ef6.pth.zip', 81.56),
    ],
    dpn107: [86_917_800, 18_298_764_288, mxnet('dpn107', 80.166, 94.932)],
    dpn131: [
      79_254_504,
      16_013_648_896,
      mxnet('dpn131', 79.836, 94.708),
      pytorchcv('v0.0.534', 'dpn131-0503-1765c5ee.pth.zip', 80.38),
    ],
  },
)
