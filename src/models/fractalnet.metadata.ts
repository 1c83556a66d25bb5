import type { Preprocessing } from '../transforms/index.ts'
import { cifar32, imagenet224, type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type FractalNetName =
  | 'fractalnet_cifar10'
  | 'fractalnet_cifar100'
  | 'fractalnet20_caffe_cifar10'
  | 'fractalnet40_caffe_cifar10'
  | 'fractalnet34_imagenet'

const caffe = {
  reference: "gustavla/fractalnet, the authors' generator of Caffe definitions",
  preprocessing: { inputSize: 32 } satisfies Preprocessing,
  note: 'How the authors prepared images they did not publish.',
}

export const fractalnetMetadata: Readonly<Record<FractalNetName, ModelMetadata>> = metadataTable(
  {
    row: 'FractalNet',
    paper: paperOf(
      'Larsson et al.',
      'FractalNet: Ultra-Deep Neural Networks without Residuals',
      2016,
      '1605.07648',
    ),
    numClasses: 10,
    reference: 'pytorchcv',
    preprocessing: cifar32,
  },
  {
    fractalnet_cifar10: [
      33_724_618,
      845_222_912,
      { accuracy: { top1: 95.4, dataSet: 'CIFAR-10', source: 'the paper, with dropout and drop-path' } },
      {
        note:
          'Tables elsewhere print 38.6 million parameters for 20 layers, which no reading of the structure gives; the ' +
          "paper's own ablation with narrow columns (0.3, 0.8, 2.1, 4.8, 10.2 and 21.1 million) does come out.",
      },
    ],
    fractalnet_cifar100: [33_770_788, 845_268_992, { numClasses: 100 }],
    fractalnet20_caffe_cifar10: [33_714_314, 845_222_912, caffe],
    fractalnet40_caffe_cifar10: [76_084_554, 2_036_077_568, caffe],
    fractalnet34_imagenet: [
      164_059_880,
      96_302_817_280,
      { numClasses: 1000, preprocessing: imagenet224, reference: 'the paper' },
      { accuracy: { top1: 75.88, source: 'the paper, ten crops' } },
      {
        note:
          'The paper says little of this network; its 34 layers come out as a first convolution, four blocks of four ' +
          'columns, eight layers deep, and the classifier. Widths and the lack of a pool after the first layer are a reading.',
      },
    ],
  },
)
