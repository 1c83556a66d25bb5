import type { OptionKinds } from '../tensor/options.ts'
import type { DarknetActivation, DarknetConfig, DarknetSection } from '../weights/darknet/config.ts'
import type { DarknetName } from './darknet.metadata.ts'
import { createDarknet } from './darknet-network.ts'
import { type NetworkOptions, networkOptions, type Variant } from './network.ts'

const conv = (
  filters: number,
  size: number,
  { stride = 1, groups = 1, activation = 'leaky' as DarknetActivation } = {},
): DarknetSection => ({
  type: 'convolutional',
  filters,
  size,
  stride,
  padding: Math.floor(size / 2),
  groups,
  batchNormalize: true,
  activation,
})

const pool = (size: number, stride: number): DarknetSection => ({
  type: 'maxpool',
  size,
  stride,
  padding: size - 1,
})

const upsample: DarknetSection = { type: 'upsample', stride: 2 }

const route = (...layers: number[]): DarknetSection => ({ type: 'route', layers, groups: 1, groupId: 0 })

/** The second half of the channels of the layer before. */
const secondHalf: DarknetSection = { type: 'route', layers: [-1], groups: 2, groupId: 1 }

const shortcut = (from: number, activation: DarknetActivation = 'linear'): DarknetSection => ({
  type: 'shortcut',
  from: [from],
  activation,
})

const output = (filters: number, size = 1): DarknetSection => ({
  type: 'convolutional',
  filters,
  size,
  stride: 1,
  padding: 0,
  groups: 1,
  batchNormalize: false,
  activation: 'linear',
})

const repeat = (times: number, sections: readonly DarknetSection[]): DarknetSection[] =>
  Array.from({ length: times }, () => sections).flat()

const classifier = (body: readonly DarknetSection[], size = 256): DarknetConfig => ({
  width: size,
  height: size,
  channels: 3,
  sections: [...body, { type: 'avgpool' }, output(1000), { type: 'softmax' }],
})

const stageDepths = [1, 2, 8, 8, 4]

const darknet53: readonly DarknetSection[] = [
  conv(32, 3),
  ...stageDepths.flatMap((depth, i) => [
    conv(64 * 2 ** i, 3, { stride: 2 }),
    ...repeat(depth, [conv(32 * 2 ** i, 1), conv(64 * 2 ** i, 3), shortcut(-3)]),
  ]),
]

const cspDarknet53 = (activation: DarknetActivation): DarknetSection[] => {
  const own = { activation }
  return [
    conv(32, 3, own),
    ...stageDepths.flatMap((depth, i) => {
      const width = 64 * 2 ** i
      const half = i === 0 ? width : width / 2
      return [
        conv(width, 3, { ...own, stride: 2 }),
        conv(half, 1, own),
        route(-2),
        conv(half, 1, own),
        ...repeat(depth, [conv(width / 2, 1, own), conv(half, 3, own), shortcut(-3)]),
        conv(half, 1, own),
        route(-1, -(3 * depth + 4)),
        conv(width, 1, own),
      ]
    }),
  ]
}

/** CSPResNet-50 and CSPResNeXt-50: the inner and outer channels of a block, and the stage's, as multiples of the first's. */
const csp50 = (inner: number, outer: number, groups: number): DarknetSection[] => [
  conv(64, 7, { stride: 2 }),
  pool(2, 2),
  ...[3, 3, 5, 2].flatMap((depth, i) => {
    const [width, hidden] = [128 * 2 ** i, inner * 2 ** i]
    const branch = { activation: (i === 1 || i === 2 ? 'linear' : 'leaky') as DarknetActivation }
    const previous = (outer * 2 ** i) / 2
    return [
      ...(i > 0 ? [conv(previous, 3, { groups, stride: 2 })] : []),
      conv(width, 1, branch),
      route(-2),
      conv(i > 0 ? width : 64, 1, branch),
      ...repeat(depth, [
        conv(hidden, 1),
        conv(hidden, 3, { groups }),
        conv(width, 1, { activation: 'linear' }),
        shortcut(-4, 'leaky'),
      ]),
      conv(width, 1),
      route(-1, -(4 * depth + 4)),
      conv(outer * 2 ** i, 1),
    ]
  }),
]

type Anchor = readonly [width: number, height: number]

const detector = (size: number, backbone: number, sections: readonly DarknetSection[]): DarknetConfig => ({
  width: size,
  height: size,
  channels: 3,
  sections,
  backbone,
})

const boxes = (classes: number, anchors: readonly Anchor[], scaleXY = 1): DarknetSection[] => [
  output(anchors.length * (5 + classes)),
  { type: 'yolo', anchors, classes, scaleXY },
]

const yolov3Anchors: readonly Anchor[] = [
  [10, 13],
  [16, 30],
  [33, 23],
  [30, 61],
  [62, 45],
  [59, 119],
  [116, 90],
  [156, 198],
  [373, 326],
]

const tinyAnchors: readonly Anchor[] = [
  [10, 14],
  [23, 27],
  [37, 58],
  [81, 82],
  [135, 169],
  [344, 319],
]

const yolov4Anchors: readonly Anchor[] = [
  [12, 16],
  [19, 36],
  [40, 28],
  [36, 75],
  [76, 55],
  [72, 146],
  [142, 110],
  [192, 243],
  [459, 401],
]

/** 1x1 and 3x3 convolutions in turn. */
const alternating = (width: number, count: number): DarknetSection[] =>
  Array.from({ length: count }, (_, i) => (i % 2 === 0 ? conv(width, 1) : conv(2 * width, 3)))

/** Maxima over windows of three sizes beside the map itself (spatial pyramid pooling). */
const pyramidPooling = [pool(5, 1), route(-2), pool(9, 1), route(-4), pool(13, 1), route(-1, -3, -5, -6)]

const yolov3 = (classes: number, pyramid = false): DarknetConfig =>
  detector(416, 74, [
    ...darknet53,
    ...(pyramid ? [...alternating(512, 3), ...pyramidPooling, ...alternating(512, 4)] : alternating(512, 6)),
    ...boxes(classes, yolov3Anchors.slice(6)),
    route(-4),
    conv(256, 1),
    upsample,
    route(-1, 61),
    ...alternating(256, 6),
    ...boxes(classes, yolov3Anchors.slice(3, 6)),
    route(-4),
    conv(128, 1),
    upsample,
    route(-1, 36),
    ...alternating(128, 6),
    ...boxes(classes, yolov3Anchors.slice(0, 3)),
  ])

const yolov3Tiny: DarknetConfig = detector(416, 12, [
  ...[16, 32, 64, 128, 256].flatMap((width) => [conv(width, 3), pool(2, 2)]),
  conv(512, 3),
  pool(2, 1),
  conv(1024, 3),
  conv(256, 1),
  conv(512, 3),
  ...boxes(80, tinyAnchors.slice(3)),
  route(-4),
  conv(128, 1),
  upsample,
  route(-1, 8),
  conv(256, 3),
  ...boxes(80, tinyAnchors.slice(0, 3)),
])

const yolov4: DarknetConfig = detector(608, 104, [
  ...cspDarknet53('mish'),
  ...alternating(512, 3),
  ...pyramidPooling,
  ...alternating(512, 3),
  conv(256, 1),
  upsample,
  route(85),
  conv(256, 1),
  route(-1, -3),
  ...alternating(256, 5),
  conv(128, 1),
  upsample,
  route(54),
  conv(128, 1),
  route(-1, -3),
  ...alternating(128, 6),
  ...boxes(80, yolov4Anchors.slice(0, 3), 1.2),
  route(-4),
  conv(256, 3, { stride: 2 }),
  route(-1, -16),
  ...alternating(256, 6),
  ...boxes(80, yolov4Anchors.slice(3, 6), 1.1),
  route(-4),
  conv(512, 3, { stride: 2 }),
  route(-1, -37),
  ...alternating(512, 6),
  ...boxes(80, yolov4Anchors.slice(6), 1.05),
])

const yolov4Tiny: DarknetConfig = detector(416, 26, [
  conv(32, 3, { stride: 2 }),
  conv(64, 3, { stride: 2 }),
  ...[64, 128, 256].flatMap((width) => [
    conv(width, 3),
    secondHalf,
    conv(width / 2, 3),
    conv(width / 2, 3),
    route(-1, -2),
    conv(width, 1),
    route(-6, -1),
    pool(2, 2),
  ]),
  conv(512, 3),
  conv(256, 1),
  conv(512, 3),
  ...boxes(80, tinyAnchors.slice(3), 1.05),
  route(-4),
  conv(128, 1),
  upsample,
  route(-1, 23),
  conv(256, 3),
  // The authors' configuration takes anchors 1 to 3, not 0 to 2.
  ...boxes(80, tinyAnchors.slice(1, 4), 1.05),
])

const darknetReference: readonly DarknetSection[] = [
  ...[16, 32, 64, 128, 256, 512].flatMap((width) => [conv(width, 3), pool(2, 2)]),
  conv(1024, 3),
]

/** What Darknet itself reads as cfg files, by name. */
export const darknetConfigs: Readonly<Record<DarknetName, DarknetConfig>> = {
  darknet53_darknet: classifier(darknet53),
  darknet_ref_darknet: classifier(darknetReference),
  csdarknet53: classifier(cspDarknet53('leaky')),
  'csdarknet53-omega': classifier(cspDarknet53('mish')),
  csresnet50: classifier(csp50(64, 128, 1)),
  csresnext50: classifier(csp50(128, 256, 32)),
  yolov3: yolov3(80),
  'yolov3-spp': yolov3(80, true),
  'yolov3-tiny': yolov3Tiny,
  'yolov3-voc': yolov3(20),
  yolov4,
  'yolov4-tiny': yolov4Tiny,
}

const darknetOptions: OptionKinds<NetworkOptions> = networkOptions

const variant = (config: DarknetConfig): Variant<NetworkOptions> => ({
  options: darknetOptions,
  create: (options) => createDarknet(config, options),
})

export const variants: Readonly<Record<DarknetName, Variant<NetworkOptions>>> = Object.fromEntries(
  Object.entries(darknetConfigs).map(([name, config]) => [name, variant(config)]),
) as Record<DarknetName, Variant<NetworkOptions>>
