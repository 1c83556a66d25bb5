import { imagenet224, type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

const source = 'facebookresearch/multigrain'

function trained(name: string, p: number, top1: number): WeightEntry {
  return {
    tag: name,
    url: `https://dl.fbaipublicfiles.com/multigrain/multigrain_models/${name}.pth`,
    options: { p },
    licence: 'CC-BY-NC-4.0',
    classes: 'imagenet-1k',
    top1,
    source,
    preprocessing: imagenet224,
  }
}

export const multigrainMetadata: Readonly<Record<'multigrain_resnet50', ModelMetadata>> = metadataTable(
  {
    row: 'MultiGrain',
    paper: paperOf(
      'Berman et al.',
      'MultiGrain: a unified image embedding for classes and instances',
      2019,
      '1902.05509',
    ),
    numClasses: 1000,
    reference: source,
    preprocessing: imagenet224,
  },
  {
    multigrain_resnet50: [
      25_557_032,
      4_089_184_256,
      trained('joint_3BAA_0.5', 3, 78.2),
      trained('joint_3B_0.5', 3, 77.4),
      trained('joint_1B_0.5', 1, 77),
      trained('joint_3B_1.0', 3, 76.9),
      trained('joint_1B_1.0', 1, 76.8),
    ],
  },
)
