import type { Preprocessing } from '../transforms/index.ts'
import { cifar32, type ModelMetadata, metadataTable, paperOf, timm224, type WeightEntry } from './metadata.ts'
import type { CaffeSimpleNetName } from './simplenet-caffe.ts'
import { fileIdentity } from './weight-files.ts'

export type SimpleNetName =
  | `simplenetv1_small_m${1 | 2}_${'05' | '075'}`
  | `simplenetv1_${'5m' | '9m'}_m${1 | 2}`
  | `simplenet_cifar_${'310k' | '460k' | '5m' | '5m_extra_pool'}`
  | CaffeSimpleNetName

const released = (file: string, top1: number, top5: number): WeightEntry => ({
  tag: 'in1k',
  url: `https://github.com/Coderx7/SimpleNet_Pytorch/releases/download/v1.0.0/${file}`,
  ...fileIdentity(file),
  licence: 'MIT',
  classes: 'imagenet-1k',
  top1,
  top5,
  source: 'Coderx7/SimpleNet_Pytorch',
  preprocessing: timm224,
})

const scaled = (mean: readonly number[], std: readonly number[]): Preprocessing => ({
  ...cifar32,
  mean: mean.map((value) => value / 255),
  std: std.map((value) => value / 255),
})
const cifar10 = scaled([125.3, 123, 113.9], [63, 62.1, 66.7])

const snapshot = (
  dataSet: 'cifar10' | 'cifar100',
  file: string,
  top1: number,
  more: Partial<WeightEntry>,
): WeightEntry => ({
  tag: dataSet,
  url: `https://github.com/Coderx7/SimpleNet_Pytorch/raw/4334c57/cifar/snapshots/simplenetv1/${file}`,
  licence: 'MIT',
  classes: dataSet === 'cifar10' ? 'cifar-10' : 'cifar-100',
  top1,
  source: 'Coderx7/SimpleNet_Pytorch',
  preprocessing: cifar10,
  ...more,
})

const caffe = (path: string, top1: number, more: Partial<WeightEntry>): WeightEntry => ({
  tag: 'caffe',
  url: encodeURI(
    `https://github.com/Coderx7/SimpleNet/raw/1716d0f/SimpNet_V1/Benchmarks Results with Models/${path}`,
  ),
  format: 'caffe',
  naming: "Caffe's: bn… holds mean, variance and their factor, scale… weight and bias of our bn…",
  licence: 'MIT',
  classes: null,
  top1,
  source: 'Coderx7/SimpleNet',
  preprocessing: cifar32,
  ...more,
})

const onCifar = { numClasses: 10, preprocessing: cifar10 }
const raw32: Preprocessing = { inputSize: 32 }
/** The training images' own mean and deviation, one each. */
const mnist28: Preprocessing = { inputSize: 28, channels: 1, range: 255, mean: [33.32], std: [78.57] }
const asInCaffe = { reference: "the authors' Caffe definitions and weights" }

export const simplenetMetadata: Readonly<Record<SimpleNetName, ModelMetadata>> = metadataTable(
  {
    row: 'SimpleNet',
    paper: paperOf(
      'Hasanpour et al.',
      'Lets keep it simple, Using simple architectures to outperform deeper and more complex architectures',
      2016,
      '1608.06037',
    ),
    numClasses: 1000,
    reference: 'Coderx7/SimpleNet_Pytorch',
    preprocessing: timm224,
  },
  {
    simplenetv1_small_m1_05: [
      1_506_792,
      340_923_392,
      released('simplenetv1_small_m1_05-be804903.pth', 61.122, 82.988),
    ],
    simplenetv1_small_m2_05: [
      1_506_792,
      427_627_520,
      released('simplenetv1_small_m2_05-ca4b3e2b.pth', 61.67, 83.488),
    ],
    simplenetv1_small_m1_075: [
      3_287_272,
      758_853_120,
      released('simplenetv1_small_m1_075-098acbff.pth', 67.784, 87.718),
    ],
    simplenetv1_small_m2_075: [
      3_287_272,
      953_937_408,
      released('simplenetv1_small_m2_075-609ff4da.pth', 68.506, 88.15),
    ],
    simplenetv1_5m_m1: [5_752_808, 1_341_761_536, released('simplenetv1_5m_m1-36c4ca4d.pth', 71.548, 89.94)],
    simplenetv1_5m_m2: [5_752_808, 1_688_578_048, released('simplenetv1_5m_m2-9bd6bb36.pth', 72.03, 90.324)],
    simplenetv1_9m_m1: [9_508_968, 2_774_249_984, released('simplenetv1_9m_m1-524f9972.pth', 73.792, 91.486)],
    simplenetv1_9m_m2: [9_508_968, 3_554_587_136, released('simplenetv1_9m_m2-59e8733b.pth', 74.23, 91.748)],
    simplenet_cifar_310k: [
      312_362,
      55_788_160,
      onCifar,
      { accuracy: { top1: 91.98, dataSet: 'CIFAR-10', source: 'Coderx7/SimpleNet' } },
    ],
    simplenet_cifar_460k: [
      385_790,
      73_189_864,
      onCifar,
      { note: "Caffe's network of that name has 3x3 kernels in cccp4 and cccp5 and 455,862 parameters." },
    ],
    simplenet_cifar_5m: [5_498_378, 652_151_296, onCifar],
    simplenet_cifar_5m_extra_pool: [
      5_498_378,
      631_507_456,
      onCifar,
      {
        note:
          'The weights for CIFAR are of this network and not of simplenet_cifar_5m: the logs beside them print its layers, ' +
          'without dropout after convolutions.',
      },
      snapshot('cifar10', 'CIFAR10/95.51/best_chkpt_simplenet_cifar10_2018-12-25_00-34-57.pth.tar', 95.51, {
        options: { convDropout: false },
      }),
      snapshot(
        'cifar100',
        'CIFAR100/78.37/best_chkpt_simplenet_cifar100_2018-12-25_06-02-38.pth.tar',
        78.37,
        {
          options: { convDropout: false, numClasses: 100 },
          preprocessing: scaled([129.3, 124.1, 112.4], [68.2, 65.4, 70.4]),
        },
      ),
    ],
    simplenet_caffe_slim_mnist_ckpt: [
      301_452,
      43_003_112,
      { ...asInCaffe, numClasses: 10, preprocessing: mnist28 },
      {
        note: 'The graph inside the file of weights differs from the definition beside it, which has 310,442 parameters.',
      },
      caffe('MNIST/Slim_Version_310KParam_99.72/slimnet_fx_310k_iter_39000.caffemodel', 99.72, {
        bytes: 1_214_196,
        classes: 'digits',
        preprocessing: mnist28,
      }),
    ],
    simplenet_caffe_slim310k_svhn: [
      311_594,
      55_788_160,
      { ...asInCaffe, numClasses: 10, preprocessing: raw32 },
      caffe('SVHN/Slim_Version_310K_Param_NoDrpout/svhn_iter_102000.caffemodel', 97.57, {
        bytes: 1_255_144,
        preprocessing: raw32,
      }),
    ],
    simplenet_caffe_5m_cifar10: [
      5_493_258,
      652_151_296,
      { ...asInCaffe, numClasses: 10, preprocessing: raw32 },
      {
        note: 'Trained on images with contrast normalization and whitening, whose statistics were not published.',
      },
      caffe('CIFAR10/95.32_Normal_Arch_alldrp_Zeropad/cifar10_SimpleNet_ZP.caffemodel', 95.32, {
        classes: 'cifar-10',
        preprocessing: raw32,
      }),
    ],
  },
)
