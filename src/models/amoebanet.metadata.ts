import type { Preprocessing } from '../transforms/index.ts'
import { inceptionStatistics, type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type AmoebaNetName =
  | 'amoebanet_a_n18_f190'
  | 'amoebanet_a_n18_f448'
  | 'amoebanet_a_mobile_n12_f50'
  | 'amoebanet_b_mobile_n9_f62'
  | 'amoebanet_b_n18_f190'
  | 'amoebanet_c_mobile_n12_f44'
  | 'amoebanet_c_mobile_n12_f50'
  | 'amoebanet_c_n18_f228'
  | 'amoebanet_d_n12_f256'
  | 'amoebanet_d_n12_f256_224'
  | 'amoebanet_d_n6_f256'
  | 'amoebanet_a_cifar_n18_f32'
  | 'amoebanet_a_cifar_n18_f36'
  | 'amoebanet_b_cifar_n18_f36'
  | 'amoebanet_b_cifar_n18_f128'

const source = 'tensorflow/tpu'

const inception = (inputSize: number): Preprocessing => ({
  inputSize,
  cropPct: 0.875,
  interpolation: 'bilinear',
  ...inceptionStatistics,
})

const at331 = { preprocessing: inception(331) }
const at224 = { preprocessing: inception(224) }
const cifar = {
  numClasses: 10,
  preprocessing: { inputSize: 32 } as Preprocessing,
  note: "the width of the stem, three times the cells', is what gives the parameters of the paper's table",
}
const paper = (top1: number) => ({ accuracy: { top1, source: 'the paper' } })

export const amoebanetMetadata: Readonly<Record<AmoebaNetName, ModelMetadata>> = metadataTable(
  {
    row: 'AmoebaNet',
    paper: paperOf(
      'Real et al.',
      'Regularized Evolution for Image Classifier Architecture Search',
      2018,
      '1802.01548',
    ),
    numClasses: 1000,
    reference: source,
    preprocessing: inception(331),
  },
  {
    amoebanet_a_n18_f190: [86_736_901, 23_164_764_643, at331, paper(82.8)],
    amoebanet_a_n18_f448: [
      468_151_184,
      126_520_757_776,
      at331,
      paper(83.9),
      {
        tag: 'tfhub_in1k',
        url: 'https://tfhub.dev/google/imagenet/amoebanet_a_n18_f448/classification/1',
        format: 'tensorflow',
        naming: source,
        options: { numClasses: 1001 },
        licence: 'Apache-2.0',
        classes: null,
        top1: 83.9,
        source: 'TensorFlow Hub',
        preprocessing: inception(331),
      },
      {
        note: "the paper's 104 G operations do not fit its own 469 M parameters at 331 pixels; its parameters do",
      },
    ],
    amoebanet_a_mobile_n12_f50: [5_088_164, 555_500_996, at224, paper(74.5)],
    amoebanet_b_mobile_n9_f62: [5_258_621, 554_906_744, at224, paper(74)],
    amoebanet_b_n18_f190: [
      79_008_517,
      20_933_927_536,
      at331,
      {
        note: 'counts follow from the cells; figures of 84.0 M and 22.3 G that are quoted for it could not be found again',
      },
    ],
    amoebanet_c_mobile_n12_f44: [5_056_892, 534_929_920, at224],
    amoebanet_c_mobile_n12_f50: [6_354_924, 677_652_384, at224, paper(75.7)],
    amoebanet_c_n18_f228: [155_272_268, 41_127_908_664, at331],
    amoebanet_d_n12_f256: [84_003_048, 18_876_448_096, { preprocessing: inception(299) }],
    amoebanet_d_n12_f256_224: [84_003_048, 9_954_638_176, at224],
    amoebanet_d_n6_f256: [46_095_080, 5_715_769_696, at224],
    amoebanet_a_cifar_n18_f32: [2_567_754, 407_671_808, cifar],
    amoebanet_a_cifar_n18_f36: [3_218_266, 509_668_992, cifar],
    amoebanet_b_cifar_n18_f36: [2_839_186, 454_925_952, cifar],
    amoebanet_b_cifar_n18_f128: [34_874_506, 5_580_279_808, cifar],
  },
)
