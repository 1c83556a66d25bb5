import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type OverFeatName = 'overfeat_fast' | 'overfeat_accurate'

/** One mean and one deviation for all channels, of raw values. */
const scaled = (inputSize: number): Preprocessing => ({
  inputSize,
  resize: inputSize,
  interpolation: 'bilinear',
  mean: Array<number>(3).fill(118.380948),
  std: Array<number>(3).fill(61.896913),
  range: 255,
})

const released = (file: 'net_weight_0' | 'net_weight_1', inputSize: number): WeightEntry => ({
  tag: 'nyu',
  url: 'http://cilvr.cs.nyu.edu/lib/exe/fetch.php?media=overfeat:overfeat-weights.tgz',
  format: 'raw',
  naming: `${file} of the archive: float32 values without a header in the order of overfeat.ts's parameterLayout`,
  licence: "NYU's: research and evaluation, no redistribution",
  classes: null,
  source: 'sermanet/OverFeat',
  preprocessing: scaled(inputSize),
})

export const overfeatMetadata: Readonly<Record<OverFeatName, ModelMetadata>> = metadataTable(
  {
    row: 'OverFeat',
    paper: paperOf(
      'Sermanet et al.',
      'OverFeat: Integrated Recognition, Localization and Detection using Convolutional Networks',
      2013,
      '1312.6229',
    ),
    numClasses: 1000,
    reference: 'sermanet/OverFeat, whose weight files give the shapes of all layers',
    preprocessing: scaled(231),
  },
  {
    overfeat_fast: [
      145_920_872,
      2_801_403_904,
      released('net_weight_0', 231),
      {
        minInputSize: 231,
        note:
          'The paper prints 145 million parameters and 2810 million connections (5369 of the accurate network): with a bias ' +
          'for each output they are 2802 (5357) million, 0.3 percent fewer. The parameters are those of the weight files.',
      },
    ],
    overfeat_accurate: [
      144_656_488,
      5_355_446_784,
      released('net_weight_1', 221),
      { preprocessing: scaled(221), minInputSize: 221 },
    ],
  },
)
