import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type CornerNetName = 'cornernet_squeeze' | 'cornernet'

/** Statistics in the order of the channels, which are blue, green and red. */
const coco511: Preprocessing = {
  inputSize: 511,
  resize: [511, 511],
  interpolation: 'bilinear',
  mean: [0.40789654, 0.44719302, 0.47026115],
  std: [0.28863828, 0.27408164, 0.27809835],
}

const authors = (id: string): WeightEntry => ({
  tag: 'authors',
  url: `https://drive.google.com/file/d/${id}/view?usp=sharing`,
  format: 'pytorch',
  licence: 'not stated',
  classes: 'coco',
  source: 'princeton-vl/CornerNet-Lite',
  preprocessing: coco511,
})

const channelOrder =
  'Channels in the order blue, green, red. The authors do not resize for evaluation, but pad images with the mean to a multiple ' +
  'of 128 less one.'

export const cornernetMetadata: Readonly<Record<CornerNetName, ModelMetadata>> = metadataTable(
  {
    row: 'CornerNet-Squeeze Hourglass',
    paper: paperOf(
      'Law et al.',
      'CornerNet-Lite: Efficient Keypoint Based Object Detection',
      2019,
      '1904.08900',
    ),
    numClasses: 80,
    reference: 'princeton-vl/CornerNet-Lite',
    preprocessing: coco511,
  },
  {
    cornernet_squeeze: [
      31_771_852,
      65_630_599_168,
      {
        minInputSize: 121,
        note: `Average precision on COCO: 34.4 percent (the paper's abstract). ${channelOrder}`,
      },
      authors('1qM8BBYCLUBcZx_UmLT0qMXNTh-Yshp4X'),
    ],
    cornernet: [
      201_035_212,
      452_316_364_800,
      {
        minInputSize: 125,
        paper: paperOf(
          'Law and Deng',
          'CornerNet: Detecting Objects as Paired Keypoints',
          2018,
          '1808.01244',
        ),
        note: channelOrder,
      },
      authors('1e8At_iZWyXQgLlMwHkB83kN-AN85Uff1'),
    ],
  },
)
