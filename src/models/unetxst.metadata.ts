import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type UNetXSTName = 'unetxst_frlr' | 'unetxst_f'

/** Not photographs: for each camera, ten maps of zeros and ones that say where each class is. */
const segmented = (cameras: number): Preprocessing => ({
  inputSize: [256, 512],
  resize: [256, 512],
  interpolation: 'nearest',
  channels: 10 * cameras,
})

export const unetxstMetadata: Readonly<Record<UNetXSTName, ModelMetadata>> = metadataTable(
  {
    row: 'uNetXST',
    paper: paperOf(
      'Reiher et al.',
      'A Sim2Real Deep Learning Approach for the Transformation of Images from Multiple Vehicle-Mounted Cameras to a ' +
        'Semantically Segmented Image in Bird’s Eye View',
      2020,
      '2005.04078',
    ),
    numClasses: 10,
    reference: 'ika-rwth-aachen/Cam2BEV (TensorFlow)',
    preprocessing: segmented(4),
    note: 'The paper reports a mean intersection over union of 71.92 percent for the four cameras; no weights were published.',
  },
  {
    unetxst_frlr: [9_640_666, 21_177_040_896],
    unetxst_f: [3_737_524, 9_625_927_680, { numClasses: 4, preprocessing: segmented(1) }],
  },
)
