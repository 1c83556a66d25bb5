import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, type WeightEntry } from './metadata.ts'
import { shufflenetPaper } from './shufflenet.metadata.ts'
import { shufflenetV2Paper } from './shufflenet-v2.metadata.ts'

export type MegviiShuffleNetName =
  | `shufflenet_g${3 | 8}_x${'0_5' | '1_0' | '1_5' | '2_0'}_megvii`
  | `shufflenet_v2_x${'0_5' | '1_0' | '1_5' | '2_0'}_megvii`

/** What Megvii's ShuffleNets were trained on: raw values in [0, 255], without normalization. */
export const megvii224: Preprocessing = {
  inputSize: 224,
  resize: 256,
  interpolation: 'bilinear',
  range: 255,
}

const weights = (top1: number, top5: number): WeightEntry => ({
  tag: 'megvii',
  url: 'https://1drv.ms/f/s!AgaP37NGYuEXhRfQxHRseR7eSxXo',
  licence: 'MIT',
  classes: 'imagenet-1k',
  top1,
  top5,
  source: 'megvii-model/ShuffleNet-Series (a folder with all of its networks)',
  preprocessing: megvii224,
})

const v2 = { row: 'ShuffleNet V2', paper: shufflenetV2Paper } as const

export const megviiShufflenetMetadata: Readonly<Record<MegviiShuffleNetName, ModelMetadata>> = metadataTable(
  {
    row: 'ShuffleNet',
    paper: shufflenetPaper,
    numClasses: 1000,
    reference: 'megvii-model/ShuffleNet-Series',
    preprocessing: megvii224,
    note: "The published weights are for images with channels in OpenCV's order: blue, green, red.",
  },
  {
    shufflenet_g3_x0_5_megvii: [717_324, 37_589_856, weights(57.3, 80)],
    shufflenet_g3_x1_0_megvii: [1_864_728, 137_460_672, weights(67.8, 87.7)],
    shufflenet_g3_x1_5_megvii: [3_441_168, 292_443_552, weights(71.6, 90.2)],
    shufflenet_g3_x2_0_megvii: [5_449_776, 524_045_184, weights(74.1, 91.4)],
    shufflenet_g8_x0_5_megvii: [1_010_448, 40_469_760, weights(58.8, 81)],
    shufflenet_g8_x1_0_megvii: [2_433_768, 138_365_952, weights(68, 86.4)],
    shufflenet_g8_x1_5_megvii: [4_268_952, 290_188_800, weights(71, 89.6)],
    shufflenet_g8_x2_0_megvii: [6_521_232, 521_942_016, weights(72.9, 90.8)],
    shufflenet_v2_x0_5_megvii: [1_365_792, 40_476_448, weights(61.1, 82.6), v2],
    shufflenet_v2_x1_0_megvii: [2_278_760, 145_814_296, weights(69.4, 88.9), v2],
    shufflenet_v2_x1_5_megvii: [3_506_720, 298_970_656, weights(72.6, 90.6), v2],
    shufflenet_v2_x2_0_megvii: [7_402_600, 590_783_000, weights(75, 92.4), v2],
  },
)
