import { expect, it } from 'vitest'
import { createModel, summary } from '../../src/models/index.ts'
import { zeros } from '../../src/tensor/index.ts'

it.each([
  ['detnas_coco_fpn_300m', 1_849_680, 288_082_368, [64, 160, 320, 640]],
  ['detnas_coco_retinanet_300m', 2_041_888, 291_205_824, [64, 160, 320, 640]],
  ['detnas_coco_fpn_1.3g', 8_415_216, 1_269_181_536, [96, 240, 480, 960]],
  ['detnas_coco_fpn_3.8g', 26_724_428, 3_937_832_864, [172, 432, 864, 1728]],
])(
  '%s is a backbone of %i parameters and %i multiply-accumulates',
  async (name, parameters, macs, channels) => {
    const backbone = await createModel(name, { featuresOnly: true })
    const counted = summary(backbone.eval(), [1, 3, 224, 224])
    expect([counted.trainableParameters, counted.macs]).toEqual([parameters, macs])
    const maps = backbone.forwardAll(zeros([1, 3, 64, 96]))
    expect(maps.map(({ shape }) => shape)).toEqual(
      channels.map((depth, i) => [1, depth, 16 / 2 ** i, 24 / 2 ** i]),
    )
  },
)
