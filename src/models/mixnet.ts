import {
  type TimmArchitecture,
  type TimmEfficientNetOptions,
  tensorFlowDefaults,
  timmVariant,
} from './efficientnet-timm.ts'
import type { MixNetName } from './mixnet.metadata.ts'
import type { Variant } from './network.ts'

/** The paper's MixNet-S, its stages in timm's notation: kernel sizes joined by dots share the channels. */
const small: TimmArchitecture = {
  stages: [
    ['ds_r1_k3_s1_e1_c16'],
    ['ir_r1_k3_a1.1_p1.1_s2_e6_c24', 'ir_r1_k3_a1.1_p1.1_s1_e3_c24'],
    ['ir_r1_k3.5.7_s2_e6_c40_se0.5_nsw', 'ir_r3_k3.5_a1.1_p1.1_s1_e6_c40_se0.5_nsw'],
    ['ir_r1_k3.5.7_p1.1_s2_e6_c80_se0.25_nsw', 'ir_r2_k3.5_p1.1_s1_e6_c80_se0.25_nsw'],
    ['ir_r1_k3.5.7_a1.1_p1.1_s1_e6_c120_se0.5_nsw', 'ir_r2_k3.5.7.9_a1.1_p1.1_s1_e3_c120_se0.5_nsw'],
    ['ir_r1_k3.5.7.9.11_s2_e6_c200_se0.5_nsw', 'ir_r2_k3.5.7.9_p1.1_s1_e6_c200_se0.5_nsw'],
  ],
  stem: 16,
  head: 1536,
}

/** MixNet-M, of which L is a wider form. */
const medium: TimmArchitecture = {
  stages: [
    ['ds_r1_k3_s1_e1_c24'],
    ['ir_r1_k3.5.7_a1.1_p1.1_s2_e6_c32', 'ir_r1_k3_a1.1_p1.1_s1_e3_c32'],
    ['ir_r1_k3.5.7.9_s2_e6_c40_se0.5_nsw', 'ir_r3_k3.5_a1.1_p1.1_s1_e6_c40_se0.5_nsw'],
    ['ir_r1_k3.5.7_s2_e6_c80_se0.25_nsw', 'ir_r3_k3.5.7.9_a1.1_p1.1_s1_e6_c80_se0.25_nsw'],
    ['ir_r1_k3_s1_e6_c120_se0.5_nsw', 'ir_r3_k3.5.7.9_a1.1_p1.1_s1_e3_c120_se0.5_nsw'],
    ['ir_r1_k3.5.7.9_s2_e6_c200_se0.5_nsw', 'ir_r3_k3.5.7.9_p1.1_s1_e6_c200_se0.5_nsw'],
  ],
  stem: 24,
  head: 1536,
  depthRounding: 'round',
}

const variant = (architecture: TimmArchitecture, defaults?: TimmEfficientNetOptions) =>
  timmVariant(() => architecture, defaults)

/** MixNet (Tan and Le 2019): networks of timm's family whose depthwise convolutions mix kernel sizes. */
export const variants: Readonly<Record<MixNetName, Variant<TimmEfficientNetOptions>>> = {
  mixnet_s: variant(small),
  mixnet_m: variant(medium),
  mixnet_l: variant(medium, { widthMult: 1.3 }),
  mixnet_xl: variant(medium, { widthMult: 1.6, depthMult: 1.2 }),
  mixnet_xxl: variant(medium, { widthMult: 2.4, depthMult: 1.3 }),
  tf_mixnet_s: variant(small, tensorFlowDefaults),
  tf_mixnet_m: variant(medium, tensorFlowDefaults),
  tf_mixnet_l: variant(medium, { ...tensorFlowDefaults, widthMult: 1.3 }),
}
