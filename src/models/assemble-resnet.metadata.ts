import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type AssembleName = 'assemble_resnet50' | 'assemble_resnet152'

const source = 'clovaai/assembled-cnn'

const raw = (resize: number): Preprocessing => ({
  inputSize: 256,
  resize,
  interpolation: 'bilinear',
  mean: [123.68, 116.78, 103.94],
  std: [1, 1, 1],
  range: 255,
})

const drive = (top1: number, resize: number): WeightEntry => ({
  tag: 'clovaai_in1k',
  url: 'https://drive.google.com/drive/folders/1o8vj8_ZOPByjRKZzRPZMbuoKyxIwd_IZ',
  format: 'tensorflow',
  naming: source,
  licence: 'Apache-2.0',
  classes: null,
  top1,
  source,
  preprocessing: raw(resize),
})

export const assembleMetadata: Readonly<Record<AssembleName, ModelMetadata>> = metadataTable(
  {
    row: 'Assemble-ResNet',
    paper: paperOf(
      'Lee et al.',
      'Compounding the Performance Improvements of Assembled Techniques in a Convolutional Neural Network',
      2020,
      '2001.06268',
    ),
    numClasses: 1001,
    reference: source,
    preprocessing: raw(292),
    note: "TensorFlow numbers the reference's layers; the names here are Big-Little Net's, with which it shares its stages",
  },
  {
    assemble_resnet50: [41_848_489, 7_477_171_200, drive(82.78, 292)],
    assemble_resnet152: [117_006_249, 20_470_970_368, drive(84.186, 257), { preprocessing: raw(257) }],
  },
)
