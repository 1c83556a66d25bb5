/** The activations of Darknet; 'leaky' has slope 0.1, 'logistic' is the sigmoid, 'ramp' adds x / 10 to the rectifier. */
export type DarknetActivation = (typeof darknetActivations)[number]

export const darknetActivations = [
  'linear',
  'leaky',
  'relu',
  'relu6',
  'mish',
  'hard_mish',
  'swish',
  'logistic',
  'loggy',
  'elu',
  'selu',
  'gelu',
  'relie',
  'ramp',
  'tanh',
  'plse',
  'hardtan',
  'lhtan',
  'stair',
  'revleaky',
  'normalize_channels',
  'normalize_channels_softmax',
  'normalize_channels_softmax_maxval',
] as const

/** The sizes [width, height] of a box that a detector starts from. */
export type DarknetAnchor = readonly [width: number, height: number]

/** What layers of YOLO say of the boxes that they give. */
export interface DarknetYoloBoxes {
  /** The sizes in pixels of this scale's boxes. */
  readonly anchors: readonly DarknetAnchor[]
  readonly classes: number
  /** By how much a centre's reach exceeds its cell; 1 in YOLOv3. */
  readonly scaleXY: number
  /** Which of `allAnchors` are this scale's; the first ones unless given. */
  readonly mask?: readonly number[]
  /** The anchors of all scales, where the configuration lists them. */
  readonly allAnchors?: readonly DarknetAnchor[]
  /** How overlapping boxes are to be suppressed: by IoU unless given. */
  readonly suppression?: 'greedynms' | 'diounms'
  /** The exponent of the distance in `diounms`; Darknet's 0.6 unless given. */
  readonly betaNms?: number
}

/** Entries of a section that its layer does not need, by their names in the file: those of training. */
export type DarknetEntries = Readonly<Record<string, string>>

/**
 * One layer of a Darknet network. Layers that take the outputs of others name them as Darknet does: by their place, or
 * counted back from their own where negative.
 */
export type DarknetSection = { readonly other?: DarknetEntries } & (
  | {
      readonly type: 'convolutional'
      readonly filters: number
      readonly size: number
      readonly stride: number
      /** The stride down, where it is another one. */
      readonly strideY?: number
      /** On each side, times the dilation. */
      readonly padding: number
      readonly groups: number
      readonly batchNormalize: boolean
      readonly activation: DarknetActivation
      readonly dilation?: number
      /** The convolution whose parameters this one has. */
      readonly shareIndex?: number
      /** Whether weights and inputs are taken as signs times the mean size of a filter's weights (XNOR-Net). */
      readonly xnor?: boolean
    }
  /** A convolution with filters of its own at every place (YOLOv1). `padding` is 0 or 1. */
  | {
      readonly type: 'local'
      readonly filters: number
      readonly size: number
      readonly stride: number
      readonly padding: number
      readonly activation: DarknetActivation
    }
  | {
      readonly type: 'connected'
      readonly output: number
      readonly batchNormalize: boolean
      readonly activation: DarknetActivation
    }
  | { readonly type: 'batchnorm' }
  /** `padding` is that of both sides together; an odd one's last pixel goes to the right and the bottom. */
  | {
      readonly type: 'maxpool'
      readonly size: number
      readonly stride: number
      readonly padding: number
      /** The stride down, where it is another one. */
      readonly strideY?: number
      /** Takes, of the channels, the maxima over every so many-th one, at each place (maxpool_depth, out_channels). */
      readonly outChannels?: number
    }
  /** Means of windows, of those of their pixels that are in the map. */
  | {
      readonly type: 'local_avgpool'
      readonly size: number
      readonly stride: number
      readonly padding: number
      readonly strideY?: number
    }
  /** The mean of the whole map. */
  | { readonly type: 'avgpool' }
  /** A negative stride takes sums of windows instead. */
  | { readonly type: 'upsample'; readonly stride: number; readonly scale?: number }
  | { readonly type: 'dropout'; readonly probability: number }
  /**
   * Windows' pixels as channels: `reorg3d` as one expects, `reorg` as YOLOv2 was trained, which takes them from another
   * arrangement of the same memory. `reverse` is the way back.
   */
  | { readonly type: 'reorg'; readonly stride: number; readonly reverse: boolean }
  | { readonly type: 'reorg3d'; readonly stride: number; readonly reverse: boolean }
  /** Concatenates layers' channels: of each the part `groupId` of `groups` equal ones. */
  | {
      readonly type: 'route'
      readonly layers: readonly number[]
      readonly groups: number
      readonly groupId: number
    }
  /** Adds layers' outputs to that of the one before: as many channels as both have. */
  | {
      readonly type: 'shortcut'
      readonly from: readonly number[]
      readonly activation: DarknetActivation
      /** Whether each of the layers has a learned weight, or one for each channel. */
      readonly weights?: 'per_feature' | 'per_channel'
      readonly weightsNormalization?: 'relu' | 'softmax'
    }
  /** Scales a layer's channels, or with `scaleMap` its places, by the output of the one before. */
  | {
      readonly type: 'scale_channels'
      readonly from: number
      readonly scaleMap: boolean
      readonly activation: DarknetActivation
    }
  /** Multiplies a layer's output by that of the one before (spatial attention). */
  | { readonly type: 'sam'; readonly from: number; readonly activation: DarknetActivation }
  | { readonly type: 'activation'; readonly activation: DarknetActivation }
  /** Local response normalization over `size` channels. */
  | {
      readonly type: 'normalization'
      readonly size: number
      readonly alpha: number
      readonly beta: number
      readonly kappa: number
    }
  /** The middle of the image; with `adjust` brought from 0..1 to -1..1. */
  | { readonly type: 'crop'; readonly height: number; readonly width: number; readonly adjust: boolean }
  | { readonly type: 'softmax'; readonly groups?: number }
  /** What matters in training alone: outputs pass. */
  | { readonly type: 'cost' }
  | { readonly type: 'contrastive' }
  | { readonly type: 'empty' }
  | (DarknetYoloBoxes & {
      readonly type: 'yolo'
      /** Whether the map comes through a sigmoid already, and sizes are squares (Scaled-YOLOv4). */
      readonly newCoordinates?: boolean
    })
  /** YOLOv3 whose coordinates come with their uncertainty (Choi et al. 2019). */
  | (DarknetYoloBoxes & {
      readonly type: 'gaussian_yolo'
      readonly point?: 'center' | 'left_top' | 'right_bottom'
    })
  /** The boxes of YOLOv2; anchors in cells. */
  | {
      readonly type: 'region'
      readonly anchors: readonly DarknetAnchor[]
      readonly classes: number
      readonly coordinates: number
      /** Whether classes exclude one another. */
      readonly softmax: boolean
      /** The file of a tree of classes (YOLO9000). */
      readonly tree?: string
    }
  /** The boxes of YOLOv1. */
  | {
      readonly type: 'detection'
      readonly side: number
      readonly boxes: number
      readonly classes: number
      readonly coordinates: number
      /** Whether roots of sizes are given. */
      readonly sqrt: boolean
      readonly softmax: boolean
    }
)

export type DarknetSectionOf<T extends DarknetSection['type']> = Extract<DarknetSection, { readonly type: T }>

/** The layers that give boxes. */
export const darknetBoxTypes: readonly DarknetSection['type'][] = [
  'yolo',
  'gaussian_yolo',
  'region',
  'detection',
]

export interface DarknetConfig {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly sections: readonly DarknetSection[]
  /** Whether images are to keep their proportions, with grey beside them, instead of being squashed. */
  readonly letterBox?: boolean
  /** The other entries of [net], by their names. */
  readonly other?: DarknetEntries
  /**
   * The place of the last layer before the head; unless given, that before the pooling of a classifier, or before the first
   * layer of a detector that scales up or gives boxes.
   */
  readonly backbone?: number
}
