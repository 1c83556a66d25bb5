import { type ModelMetadata, metadataTable, paperOf, timm224, timmWeights } from './metadata.ts'

export type SKResNetName = 'skresnet18' | 'skresnet34' | 'skresnet50' | 'skresnet50d' | 'skresnext50_32x4d'

export const skresnetMetadata: Readonly<Record<SKResNetName, ModelMetadata>> = metadataTable(
  {
    row: 'SKNet',
    paper: paperOf('Li et al.', 'Selective Kernel Networks', 2019, '1903.06586'),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: timm224,
  },
  {
    skresnet18: [11_958_056, 1_814_337_536, timmWeights('skresnet18', 'ra_in1k', 73.02)],
    skresnet34: [22_282_376, 3_664_237_568, timmWeights('skresnet34', 'ra_in1k', 76.956)],
    skresnet50: [25_803_160, 4_089_422_336],
    skresnet50d: [25_822_392, 4_329_062_912],
    skresnext50_32x4d: [27_479_784, 4_462_710_784, timmWeights('skresnext50_32x4d', 'ra_in1k', 80.168)],
  },
)
