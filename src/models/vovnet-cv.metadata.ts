import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  pytorchcvWeights as pcv,
  type WeightEntry,
} from './metadata.ts'
import { vovnetPaper } from './vovnet.metadata.ts'

export type PytorchcvVoVNetName = 'vovnet27s' | 'vovnet39' | 'vovnet57'

const authors = (address: string, top1: number, top5: number): WeightEntry => ({
  tag: 'authors_in1k',
  url: `https://dl.dropbox.com/s/${address}?dl=1`,
  naming: 'stigma0617/VoVNet.pytorch',
  licence: 'not stated',
  classes: 'imagenet-1k',
  top1,
  top5,
  source: 'stigma0617/VoVNet.pytorch',
  preprocessing: imagenet224,
})

export const pytorchcvVovnetMetadata: Readonly<Record<PytorchcvVoVNetName, ModelMetadata>> = metadataTable(
  {
    row: 'VoVNet',
    paper: vovnetPaper,
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
    minInputSize: 29,
  },
  {
    vovnet27s: [3_525_736, 2_176_695_296, pcv('v0.0.551', 'vovnet27s-0997-b7a5bf67.pth.zip', 70.22)],
    vovnet39: [
      22_600_296,
      7_072_227_328,
      pcv('v0.0.493', 'vovnet39-0564-63bfa613.pth.zip', 78.29),
      authors('1lnzsgnixd8gjra/vovnet39_torchvision.pth', 76.77, 93.43),
    ],
    vovnet57: [
      36_640_296,
      8_930_144_256,
      pcv('v0.0.505', 'vovnet57-0518-c080e471.pth.zip', 79.67),
      authors('6bfu9gstbwfw31m/vovnet57_torchvision.pth', 77.73, 93.72),
    ],
  },
)
