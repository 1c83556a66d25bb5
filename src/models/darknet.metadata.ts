import { cspPaper, yolov3Paper } from './cspnet.metadata.ts'
import { darknet256, darknetWeights } from './darknet19.metadata.ts'
import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type DarknetName =
  | 'darknet53_darknet'
  | 'darknet_ref_darknet'
  | 'csdarknet53'
  | 'csdarknet53-omega'
  | 'csresnet50'
  | 'csresnext50'
  | 'yolov3'
  | 'yolov3-spp'
  | 'yolov3-tiny'
  | 'yolov3-voc'
  | 'yolov4'
  | 'yolov4-tiny'

const yolov4Paper = paperOf(
  'Bochkovskiy et al.',
  'YOLOv4: Optimal Speed and Accuracy of Object Detection',
  2020,
  '2004.10934',
)

/** A file of pjreddie.com in the order of the network's own parameters. */
function own(file: string, more: Partial<WeightEntry> = {}): WeightEntry {
  const { naming: _, ...entry } = darknetWeights(file, more)
  return entry
}

/** A file that the authors of CSPNet keep on Google Drive. */
const drive = (id: string, top1: number, top5: number): WeightEntry =>
  own('', {
    tag: 'authors',
    url: `https://drive.google.com/open?id=${id}`,
    top1,
    top5,
    source: 'WongKinYiu/CrossStagePartialNetworks',
  })

const release = (tag: string, file: string, inputSize: number, bytes?: number): WeightEntry =>
  own('', {
    url: `https://github.com/AlexeyAB/darknet/releases/download/${tag}/${file}`,
    ...(bytes !== undefined && { bytes }),
    source: 'AlexeyAB/darknet',
    preprocessing: square(inputSize),
  })

/** Detectors see whole images; Darknet's own `detect` keeps their proportions and fills the rest with grey. */
const square = (side: number): ModelMetadata['preprocessing'] => ({
  inputSize: side,
  resize: [side, side],
  interpolation: 'bilinear',
})

const detected = (average: number, side: number) =>
  `Mean average precision at an overlap of 0.5 on COCO: ${average} percent at ${side} pixels (README of AlexeyAB/darknet).`

const detectorWeights = (file: string, bytes: number): WeightEntry =>
  own(file, { bytes, preprocessing: square(416) })

const shared = { numClasses: 1000, preprocessing: darknet256 } as const

export const darknetMetadata: Readonly<Record<DarknetName, ModelMetadata>> = {
  ...metadataTable(
    { ...shared, row: 'Darknet-53', paper: yolov3Paper, reference: 'pjreddie/darknet' },
    {
      darknet53_darknet: [
        41_609_928,
        9_285_115_904,
        own('darknet53.weights', { bytes: 166_582_580, top1: 77.2, top5: 93.8 }),
      ],
      yolov3: [
        61_949_149,
        32_932_037_632,
        { numClasses: 80, preprocessing: square(416), note: detected(55.3, 416) },
        detectorWeights('yolov3.weights', 248_007_048),
      ],
      'yolov3-spp': [
        62_998_749,
        33_109_246_976,
        { numClasses: 80, preprocessing: square(416), note: detected(60.6, 608) },
        detectorWeights('yolov3-spp.weights', 252_209_544),
      ],
      'yolov3-tiny': [
        8_852_366,
        2_782_480_896,
        { numClasses: 80, preprocessing: square(416), note: detected(33.1, 416) },
        detectorWeights('yolov3-tiny.weights', 35_434_956),
      ],
      'yolov3-voc': [61_626_049, 32_713_987_072, { numClasses: 20, preprocessing: square(416) }],
    },
  ),
  ...metadataTable(
    {
      ...shared,
      row: 'Darknet-19',
      paper: paperOf('Redmon', 'Darknet: Open Source Neural Networks in C', 2013),
      reference: 'pjreddie/darknet',
    },
    {
      darknet_ref_darknet: [
        7_319_416,
        387_211_264,
        { preprocessing: { ...darknet256, inputSize: 224 } },
        own('darknet.weights', { top1: 61.1, top5: 83 }),
      ],
    },
  ),
  ...metadataTable(
    { ...shared, row: 'CSPDarknet53', paper: cspPaper, reference: 'WongKinYiu/CrossStagePartialNetworks' },
    {
      csdarknet53: [27_642_184, 6_533_652_480, drive('1dZJIxngmFpQJvsa6y7XADfSxkXCjJTzp', 77.2, 93.6)],
      'csdarknet53-omega': [27_642_184, 6_533_652_480, { reference: 'AlexeyAB/darknet' }],
      yolov4: [
        64_363_101,
        64_194_741_248,
        {
          numClasses: 80,
          paper: yolov4Paper,
          reference: 'AlexeyAB/darknet',
          preprocessing: square(608),
          note: detected(65.7, 608),
        },
        release('darknet_yolo_v3_optimal', 'yolov4.weights', 608, 257_717_640),
      ],
      'yolov4-tiny': [
        6_056_606,
        3_453_938_176,
        {
          numClasses: 80,
          paper: yolov4Paper,
          reference: 'AlexeyAB/darknet',
          preprocessing: square(416),
          note: detected(40.2, 416),
        },
        release('darknet_yolo_v4_pre', 'yolov4-tiny.weights', 416),
      ],
    },
  ),
  ...metadataTable(
    { ...shared, row: 'CSPResNeXt', paper: cspPaper, reference: 'WongKinYiu/CrossStagePartialNetworks' },
    {
      csresnet50: [21_607_848, 4_483_686_400, drive('1pNU6DctLlf3mnJI-opZL6kCx_hSNsEKj', 76.6, 93.3)],
      csresnext50: [20_557_480, 3_964_616_704, drive('1IxKu5lAYCo4UpzAl5pOBIDAvC843vjn1', 77.9, 94)],
    },
  ),
}
