import { imagenet224, type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type DenseNASName = 'densenas_a' | 'densenas_b' | 'densenas_c'

const source = 'JaminFong/DenseNAS'

/** A folder with weights.pt and the genotype as text. */
const weights = (id: string, top1: number): WeightEntry => ({
  tag: 'densenas',
  url: `https://drive.google.com/open?id=${id}`,
  licence: 'Apache-2.0',
  classes: 'imagenet-1k',
  top1,
  source,
  preprocessing: imagenet224,
})

const figure =
  "The genotype is that of the authors' figure; its multiply-accumulates are those of their table to the million."

export const densenasMetadata: Readonly<Record<DenseNASName, ModelMetadata>> = metadataTable(
  {
    row: 'DenseNAS-A',
    paper: paperOf(
      'Fang et al.',
      'Densely Connected Search Space for More Flexible Neural Architecture Search',
      2020,
      '1906.09607',
    ),
    numClasses: 1000,
    reference: source,
    preprocessing: imagenet224,
  },
  {
    densenas_a: [
      4_767_920,
      251_334_416,
      weights('1ZdephrAY4GVRqv9SvOXoJDUmO-kWhhml', 73.1),
      { note: figure },
    ],
    densenas_b: [
      5_584_080,
      313_580_096,
      weights('1djhL5P1vsWVqWuT5lR7UCxEhw4cET__7', 74.6),
      { row: 'DenseNAS-B', note: figure },
    ],
    densenas_c: [
      6_134_144,
      360_808_256,
      weights('1L2mqir89b1UiBkePmrtjG6QLi9MqzRdQ', 75.3),
      { row: 'DenseNAS-C' },
    ],
  },
)
