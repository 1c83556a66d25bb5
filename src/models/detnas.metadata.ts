import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'
import { megvii224 } from './shufflenet-megvii.metadata.ts'

export type DetNASName = `detnas_coco_${'fpn_300m' | 'retinanet_300m' | 'fpn_1.3g' | 'fpn_3.8g'}`

const source = 'megvii-model/DetNAS'

/** A pickled state dict trained on ImageNet. */
const weights = (id: string, top1: number): WeightEntry => ({
  tag: 'megvii',
  url: `https://drive.google.com/file/d/${id}/view?usp=sharing`,
  licence: 'MIT',
  classes: 'imagenet-1k',
  top1,
  source,
  preprocessing: megvii224,
})

export const detnasMetadata: Readonly<Record<DetNASName, ModelMetadata>> = metadataTable(
  {
    row: 'DetNASNet',
    paper: paperOf('Chen et al.', 'DetNAS: Backbone Search for Object Detection', 2019, '1903.10979'),
    numClasses: 1000,
    reference: source,
    preprocessing: megvii224,
    note: "The published weights are for images with channels in OpenCV's order: blue, green, red.",
  },
  {
    detnas_coco_fpn_300m: [3_533_112, 321_219_008, weights('14cMxdJq5_ELOB-4J1K6DF1MbaDtaEOmw', 73.8)],
    detnas_coco_retinanet_300m: [3_725_320, 324_342_464, weights('1L0WfmULKXD95ysLMMtD9SgMr8KWuDdsw', 74)],
    'detnas_coco_fpn_1.3g': [10_426_328, 1_318_374_496, weights('1Kkyb_Y3BVGYGiZ44Y1Zv51quuymcn6z2', 77.2)],
    'detnas_coco_fpn_3.8g': [31_444_596, 4_085_874_080, weights('1Wk79vAt0PsC5ImdyPJliGmvdWzZQLCEk', 78.4)],
  },
)
