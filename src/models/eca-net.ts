import type { OptionKinds } from '../tensor/options.ts'
import { EfficientChannelAttention } from './blocks/index.ts'
import { ECAMobileNetV2, type ECAMobileNetV2Options, ecaMobileNetV2Options } from './eca-mobilenet-v2.ts'
import type { ECANetName } from './eca-net.metadata.ts'
import type { NetworkOptions, Variant } from './network.ts'
import { ResNet, type ResNetOptions, type ResNetSpec, resnetOptions, resnetSpecs } from './resnet.ts'
import { TimmResNet, type TimmResNetOptions, type TimmResNetSpec, timmResNetOptions } from './resnet-timm.ts'
import { bottleneck } from './resnet-timm-blocks.ts'

export interface ECAResNetOptions extends ResNetOptions {
  /** Each stage's neighbouring channels that decide a channel's factor; those of the released networks unless given. */
  readonly kSize?: readonly [number, number, number, number]
}

const ecaResNetOptions: OptionKinds<ECAResNetOptions> = { ...resnetOptions, kSize: 'any' }

type KernelSizes = readonly [number, number, number, number]

function ecaResNet(spec: ResNetSpec, released: KernelSizes): Variant<ECAResNetOptions> {
  return {
    options: ecaResNetOptions,
    create: ({ kSize = released, ...options } = {}) => {
      if (!Array.isArray(kSize) || kSize.length !== 4) {
        throw new TypeError(`ECA-Net: kSize must be four odd numbers, one for each stage, got ${kSize}`)
      }
      const layers = kSize.map(
        (kernelSize) =>
          (channels: number): EfficientChannelAttention =>
            new EfficientChannelAttention(channels, { kernelSize }),
      )
      return new ResNet({ ...spec, attention: { name: 'eca', layers } }, options)
    },
  }
}

function timm(
  depths: TimmResNetSpec['depths'],
  stem: NonNullable<TimmResNetOptions['stem']>,
): Variant<TimmResNetOptions> {
  const defaults: TimmResNetOptions = { stem, stemWidth: 32, avgDown: true, attention: 'eca' }
  return {
    options: timmResNetOptions,
    create: (options) => new TimmResNet({ block: bottleneck, depths }, { ...defaults, ...options }),
  }
}

type VariantsOf<Pattern extends string, O extends NetworkOptions> = Readonly<
  Record<Extract<ECANetName, Pattern>, Variant<O>>
>

export const variants: VariantsOf<`eca_resnet${string}`, ECAResNetOptions> &
  VariantsOf<'eca_mobilenet_v2', ECAMobileNetV2Options> &
  VariantsOf<`ecaresnet${string}`, TimmResNetOptions> = {
  eca_resnet18: ecaResNet(resnetSpecs[18], [3, 5, 7, 7]),
  eca_resnet34: ecaResNet(resnetSpecs[34], [3, 3, 5, 7]),
  eca_resnet50: ecaResNet(resnetSpecs[50], [3, 5, 5, 7]),
  eca_resnet101: ecaResNet(resnetSpecs[101], [3, 3, 5, 7]),
  eca_resnet152: ecaResNet(resnetSpecs[152], [3, 3, 5, 7]),
  eca_mobilenet_v2: {
    options: ecaMobileNetV2Options,
    create: (options) => new ECAMobileNetV2(options),
  },
  ecaresnet26t: timm([2, 2, 2, 2], 'tiered'),
  ecaresnet50d: timm([3, 4, 6, 3], 'deep'),
  ecaresnet50t: timm([3, 4, 6, 3], 'tiered'),
  ecaresnetlight: timm([1, 1, 11, 3], 'plain'),
  ecaresnet101d: timm([3, 4, 23, 3], 'deep'),
  ecaresnet269d: timm([3, 30, 48, 8], 'deep'),
}
