import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  inBgr,
  type ModelMetadata,
  metadataTable,
  paperOf,
  torchvisionWeights,
} from './metadata.ts'

export type GoogLeNetName = 'googlenet' | 'googlenet_paper' | 'googlenet_teaching'

/** Raw values less the mean of each channel. */
const caffe224: Preprocessing = {
  inputSize: 224,
  resize: 256,
  interpolation: 'bilinear',
  mean: [123, 117, 104],
  std: [1, 1, 1],
  range: 255,
}

export const googlenetMetadata: Readonly<Record<GoogLeNetName, ModelMetadata>> = metadataTable(
  {
    row: 'GoogLeNet',
    paper: paperOf('Szegedy et al.', 'Going Deeper with Convolutions', 2014, '1409.4842'),
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
  },
  {
    googlenet: [
      13_004_888,
      1_498_376_192,
      { ...torchvisionWeights('googlenet-1378be20.pth', 69.778, 89.53), options: { transformInput: true } },
    ],
    googlenet_paper: [
      13_378_280,
      1_582_671_872,
      {
        tag: 'bvlc',
        url: 'http://dl.caffe.berkeleyvision.org/bvlc_googlenet.caffemodel',
        format: 'caffe',
        naming: "Caffe's (conv1/7x7_s2 … loss3/classifier)",
        licence: 'unrestricted',
        classes: 'imagenet-1k',
        top1: 68.7,
        top5: 88.9,
        source: 'BVLC',
        preprocessing: inBgr(caffe224),
      },
      { reference: 'the paper, with the initialisation of BVLC Caffe' },
    ],
    googlenet_teaching: [
      16_634_248,
      2_256_950_784,
      { reference: 'the paper, in the form in which it is often taught' },
    ],
  },
)
