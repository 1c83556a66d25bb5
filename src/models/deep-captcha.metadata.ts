import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type DeepCaptchaName = 'deep_captcha_numeric' | 'deep_captcha_alphanumeric'

/** Half the size of the pictures, each pixel the mean of those under it. */
const grey: Preprocessing = { inputSize: [25, 67], resize: [25, 67], interpolation: 'box', channels: 1 }

const solved = (top1: number) =>
  ({
    accuracy: { top1, dataSet: 'generated CAPTCHAs, all five letters right', source: 'the paper' },
  }) as const

export const deepCaptchaMetadata: Readonly<Record<DeepCaptchaName, ModelMetadata>> = metadataTable(
  {
    row: 'Deep-CAPTCHA',
    paper: paperOf(
      'Noury and Rezaei',
      'Deep-CAPTCHA: a deep learning based CAPTCHA solver for vulnerability assessment',
      2020,
      '2006.08296',
    ),
    numClasses: 10,
    reference: 'DrMahdiRezaei/Deep-CAPTCHA (Keras)',
    preprocessing: grey,
    minInputSize: [24, 64],
  },
  {
    deep_captcha_numeric: [928_738, 24_731_232, solved(98.94)],
    deep_captcha_alphanumeric: [982_603, 24_784_992, { numClasses: 31 }, solved(98.31)],
  },
)
