import type { Homography } from './blocks/index.ts'
import type { UNetXSTName } from './unetxst.metadata.ts'

/** What belongs to a data set of Cam2BEV. */
export interface CameraSetup {
  /** From the picture seen from above to each camera's. */
  readonly homographies: readonly Homography[]
  readonly classes: readonly string[]
  /** Of each class in the loss: the logarithm of one over its share of all pixels. */
  readonly classWeights: readonly number[]
}

/** The cameras as ika-rwth-aachen/Cam2BEV publishes them: front, rear, left and right of 1_FRLR, and the front of 2_F. */
export const cameraSetups: Readonly<Record<UNetXSTName, CameraSetup>> = {
  unetxst_frlr: {
    homographies: [
      [
        4.651574574230558e-14, 10.192351107009959, -5.36318723862984e-7, -5.588661045867985e-7, 0,
        2.3708767903941617, 35.30731833118676, 0, -1.7000018578614013,
      ],
      [
        -5.336674306912119e-14, -10.192351107009957, 5.363187220578325e-7, 5.588660952931949e-7,
        3.582264351370481e-23, 2.370876772982613, -35.30731833118661, -2.263156574813233e-15,
        -0.5999981421386035,
      ],
      [
        20.38470221401992, 7.562206982469407e-14, -0.28867638384075833, -3.422067857504854e-23,
        2.794330463189411e-7, 2.540225111648729, 2.1619497190382224e-15, -17.65365916559334,
        -0.4999990710692976,
      ],
      [
        -20.38470221401991, -4.849709834037436e-15, 0.2886763838407495, -3.4220679184765114e-23,
        -2.794330512976549e-7, 2.5402251116487626, 2.161949719038217e-15, 17.653659165593304,
        -0.5000009289306967,
      ],
    ],
    classes: [
      'road',
      'sidewalk',
      'person',
      'car',
      'truck',
      'bus',
      'bike',
      'obstacle',
      'vegetation',
      'occluded',
    ],
    classWeights: [
      0.98684351, 2.2481491, 10.47452063, 4.78351389, 7.01028204, 8.41360361, 10.91633349, 2.38571558,
      1.02473193, 2.79359197,
    ],
  },
  unetxst_f: {
    homographies: [
      [
        0.03506686613905922, 27.971438297785962, -0.17694724954191404, 0.3821882391578238,
        9.481642330993019e-17, 5.46222110929461, 25.000001047737943, 6.202207287472715e-15,
        27.000001047737943,
      ],
    ],
    classes: ['road', 'vehicle', 'obstacle', 'occluded'],
    classWeights: [1.00752063, 5.06392476, 1.15378408, 1.16118375],
  },
}
