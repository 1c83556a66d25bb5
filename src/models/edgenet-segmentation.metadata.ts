import { imagenetMean, imagenetStd, type Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

type EspNetName = `espnetv2_seg_${'wd2' | 'w1' | 'w3d2' | 'w2'}`
type DiceNetName = `dicenet_seg_${'wd5' | 'wd2' | 'w3d4' | 'w1' | 'w5d4' | 'w3d2' | 'w7d8'}`

export type EdgeNetSegmentationName = EspNetName | DiceNetName

const statistics = { interpolation: 'bilinear', mean: imagenetMean, std: imagenetStd } as const
const square = (side: number): Preprocessing => ({ ...statistics, inputSize: side, resize: [side, side] })
const street = (height: number): Preprocessing => {
  const size = [height, 2 * height] as const
  return { ...statistics, inputSize: size, resize: size }
}

/** SHA-256 of the authors' files. */
const sha256: Readonly<Record<string, string>> = {
  'dicenet_s_0.2_pascal_256x256': '2c83e21a756fe5fbd8daf28d63e957b090a5d2bed9ec632bb7b9b9957827e431',
  'dicenet_s_0.2_pascal_384x384': '0ad2ebc449229c1407eb311806ddbf70a8976100c0688edd82bb8136f69d8d79',
  'dicenet_s_0.5_city_1024x512': 'b7f2bf72e0e5097dda320867042751abc576618fab395dc543142f11425fd11d',
  'dicenet_s_0.5_city_512x256': 'fa945ddd7083b0335195eef70b5f42a616fc1b022fce4608a85406fef39ed519',
  'dicenet_s_0.5_pascal_256x256': 'be2f238297165c43ea18f983b5116ca38752f6b7841b114497772e1ffcb12a50',
  'dicenet_s_0.5_pascal_384x384': 'd7be19b082f3f2019d40a4d7f43fd99af9aa7356ebecd0e673a5926536bc498e',
  'dicenet_s_0.75_city_1024x512': 'b9f3e6ca4287f8e6d9201df530b30abbf7ab971c99944799c1c7d25cc6cdc3a9',
  'dicenet_s_0.75_city_512x256': 'd824b94a7f9c650b83d170666c10dbc3ce6d2a21d5c99475e5ae528fcfe8db32',
  'dicenet_s_0.75_pascal_256x256': '512dba1489817b927e00c22fd14658b5409c2f9fd7586971144b6073b3dbfa05',
  'dicenet_s_0.75_pascal_384x384': 'dca14662847cba047f88cc86333353c393efc84a14bb2823a527a22188cef97b',
  'dicenet_s_1.0_city_1024x512': 'a39f14b24dc0ca536c37911473b503bb199f08868ed0d1179bc330b84100b9d2',
  'dicenet_s_1.0_city_512x256': 'efb07d5f04efe0051ce78647111a352bd1a4080fc0c403e1d2768cb779192f0f',
  'dicenet_s_1.0_pascal_256x256': '06eca51e5f4cbd97eb7b38d340c26a1fd89ef92977bf00cc53b5988d32b284cd',
  'dicenet_s_1.0_pascal_384x384': 'c0238bc12531842fd0b51028c24c54fd310cfb4054dee619b8b29450811c23e1',
  'dicenet_s_1.25_city_1024x512': '8a3d2761e23563c43ba529d2af8e3dae28798f9af522f932f96d546caf26b2d0',
  'dicenet_s_1.25_city_512x256': 'a88f161ff0729735e9408368429c2c8711564b0781d0c5c0e62afd8b8d365a81',
  'dicenet_s_1.25_pascal_256x256': 'c780f55ad9f5371f7e79bac4dbbf9fa1b9d6b75612886fecafe753b3beb169eb',
  'dicenet_s_1.25_pascal_384x384': '7f70202e7ec3f229bc7aa9447cf94369285b48d10c681ee2f93140efbf40bfa0',
  'dicenet_s_1.5_city_1024x512': 'dbdb560b3a4e61ab0c352476acf5c4022a09d6f464b0ece8caf8bcd2a4bcb446',
  'dicenet_s_1.5_city_512x256': '18177801d8ad5d3f476943903cff74c17353a80f9696100396555fe86619356d',
  'dicenet_s_1.75_city_1024x512': '3b00bf5392030be1646111d95e98ab27cb379c407bbb85ca94e2ce057ee401cf',
  'dicenet_s_1.75_city_512x256': '00c288cbc8f75a7a0101a7d4cf5f7444d2f520beeeb1638a87dd7b98d4f1b0c5',
  'dicenet_s_1.75_pascal_256x256': '7ade3a5cf895fb972aa084c8fa80a0c77731fc0639c377ceee91186d408b0182',
  'dicenet_s_1.75_pascal_384x384': '19bb283c27df9bff0a261f79b60e56045a6755011476929aecd40afcdcde2baa',
  'espnetv2_s_0.5_city_1024x512': '9412a86a30f137540ef945d08da3cb7191448956c56c41a64210dab443a9f65f',
  'espnetv2_s_0.5_city_512x256': '63e398dec148f63c8ad117497864f99f021926b347fd4ee608036c36041e7f36',
  'espnetv2_s_0.5_pascal_256x256': '9c7bebecd73c603a7eb2d8833eb2c54d0627e37e731548b7833291873e0a2e67',
  'espnetv2_s_0.5_pascal_384x384': '3352b32b209e1e6492d1481734f5333876b28d8866f5c1702d01ec70255eb20c',
  'espnetv2_s_1.0_city_1024x512': '0918c833fed889e32901ce739b1784fdd2b79f95a9aea199a469ca3394dd7a14',
  'espnetv2_s_1.0_city_512x256': '002121eee40c31c8b74186153878452e02ef834d35f3e4a8801b3a84fdc3ec7d',
  'espnetv2_s_1.0_pascal_256x256': '276d738e38733c136abf5ee9e8a801f5455b2751078c7c1d52a2b485460264be',
  'espnetv2_s_1.0_pascal_384x384': '7ce2df106b62661a4e8e30098398d6b96a2a946b9546d2287500379f984301a8',
  'espnetv2_s_1.5_city_1024x512': '0dbbda9126583d62f73dfdc28a59a30ab4564094ee6d28428b897a4e36c466b4',
  'espnetv2_s_1.5_city_512x256': '711c76f0f814642953a68f485d64c5584772ca98db3d2d5f68d154749d75be2f',
  'espnetv2_s_1.5_pascal_256x256': '0a297ec35a29168bef481b2e01a5735122eae5dd10f64c1a02d12f8ae141c727',
  'espnetv2_s_1.5_pascal_384x384': '75f67549659cb5db6a8323a7595e3ce1bc3cbea7f95731105dec7a6d034b516b',
  'espnetv2_s_2.0_city_1024x512': 'a72d59699801c7ce8e8b89a53af9097eaaa60dc12180ecde86fd700ba1222fe8',
  'espnetv2_s_2.0_city_512x256': '6b6f26b567c82bb4d6624387f24ed505613edafad19222e1707993fbe0d1d8f6',
  'espnetv2_s_2.0_pascal_256x256': 'e4883abccf8f042d422f2c66d69bd21b7af8d41680335e117eb2ee205f303d32',
  'espnetv2_s_2.0_pascal_384x384': 'bc479586b0ba9254e02589020346931a14d99028ad6bac4817198be6d9e719a6',
}

function weights(
  network: string,
  data: string,
  preprocessing: Preprocessing,
  numClasses?: number,
): WeightEntry {
  const hash = sha256[`${network.slice(network.indexOf('/') + 1)}_${data}`]
  return {
    tag: data,
    url: `https://github.com/sacmehta/EdgeNets/raw/master/model/segmentation/model_zoo/${network}_${data}.pth`,
    naming: "the authors' (base_net.level1 … )",
    ...(numClasses !== undefined && { options: { numClasses } }),
    ...(hash !== undefined && { sha256: hash }),
    licence: 'MIT',
    classes: null,
    source: 'sacmehta/EdgeNets',
    preprocessing,
  }
}

/** Weights for Pascal VOC's 20 classes and the background. */
const pascal = (network: string): WeightEntry[] =>
  [256, 384].map((side) => weights(network, `pascal_${side}x${side}`, square(side)))

/** Weights for Cityscapes' 19 classes and what is none of them. */
const city = (network: string): WeightEntry[] =>
  [256, 512].map((height) => weights(network, `city_${2 * height}x${height}`, street(height), 20))

const both = (network: string): WeightEntry[] => [...pascal(network), ...city(network)]

const shared = {
  numClasses: 21,
  reference: 'sacmehta/EdgeNets',
  preprocessing: square(256),
}

const espnet: Readonly<Record<EspNetName, ModelMetadata>> = metadataTable(
  {
    ...shared,
    row: 'ESPNetv2',
    paper: paperOf(
      'Mehta et al.',
      'ESPNetv2: A Light-weight, Power Efficient, and General Purpose Convolutional Neural Network',
      2018,
      '1811.11431',
    ),
    note: "The authors' files hold the PReLUs of downsampling pyramids besides, which are never used.",
  },
  {
    espnetv2_seg_wd2: [80_241, 74_703_928, ...both('espnetv2/espnetv2_s_0.5')],
    espnetv2_seg_w1: [233_797, 135_838_776, ...both('espnetv2/espnetv2_s_1.0')],
    espnetv2_seg_w3d2: [468_021, 214_340_152, ...both('espnetv2/espnetv2_s_1.5')],
    espnetv2_seg_w2: [788_773, 337_406_008, ...both('espnetv2/espnetv2_s_2.0')],
  },
)

const dicenet: Readonly<Record<DiceNetName, ModelMetadata>> = metadataTable(
  {
    ...shared,
    row: 'DiCENet',
    paper: paperOf(
      'Mehta et al.',
      'DiCENet: Dimension-wise Convolutions for Efficient Networks',
      2019,
      '1906.03516',
    ),
  },
  {
    dicenet_seg_wd5: [46_927, 60_810_808, ...pascal('dicenet/dicenet_s_0.2')],
    dicenet_seg_wd2: [76_359, 82_162_488, ...both('dicenet/dicenet_s_0.5')],
    dicenet_seg_w3d4: [189_663, 127_055_412, ...both('dicenet/dicenet_s_0.75')],
    dicenet_seg_w1: [283_387, 141_369_424, ...both('dicenet/dicenet_s_1.0')],
    dicenet_seg_w5d4: [389_415, 155_220_024, ...both('dicenet/dicenet_s_1.25')],
    dicenet_seg_w3d2: [552_135, 191_126_328, ...city('dicenet/dicenet_s_1.5')],
    dicenet_seg_w7d8: [807_951, 289_794_648, ...both('dicenet/dicenet_s_1.75')],
  },
)

export const edgeNetSegmentationMetadata: Readonly<Record<EdgeNetSegmentationName, ModelMetadata>> = {
  ...espnet,
  ...dicenet,
}
