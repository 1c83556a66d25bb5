import {
  type TimmArchitecture,
  type TimmEfficientNetOptions,
  TimmMobileNetV3,
  tensorFlowDefaults,
  timmEfficientNetOptions,
} from './efficientnet-timm.ts'
import type { TimmMobileNetV3Name } from './mobilenet-v3-timm.metadata.ts'
import type { Variant } from './network.ts'

const tables = {
  large: {
    stages: [
      ['ds_r1_k3_s1_e1_c16_nre'],
      ['ir_r1_k3_s2_e4_c24_nre', 'ir_r1_k3_s1_e3_c24_nre'],
      ['ir_r3_k5_s2_e3_c40_se0.25_nre'],
      ['ir_r1_k3_s2_e6_c80', 'ir_r1_k3_s1_e2.5_c80', 'ir_r2_k3_s1_e2.3_c80'],
      ['ir_r2_k3_s1_e6_c112_se0.25'],
      ['ir_r3_k5_s2_e6_c160_se0.25'],
      ['cn_r1_k1_s1_c960'],
    ],
    head: 1280,
  },
  largeMinimal: {
    stages: [
      ['ds_r1_k3_s1_e1_c16'],
      ['ir_r1_k3_s2_e4_c24', 'ir_r1_k3_s1_e3_c24'],
      ['ir_r3_k3_s2_e3_c40'],
      ['ir_r1_k3_s2_e6_c80', 'ir_r1_k3_s1_e2.5_c80', 'ir_r2_k3_s1_e2.3_c80'],
      ['ir_r2_k3_s1_e6_c112'],
      ['ir_r3_k3_s2_e6_c160'],
      ['cn_r1_k1_s1_c960'],
    ],
    head: 1280,
  },
  small: {
    stages: [
      ['ds_r1_k3_s2_e1_c16_se0.25_nre'],
      ['ir_r1_k3_s2_e4.5_c24_nre', 'ir_r1_k3_s1_e3.67_c24_nre'],
      ['ir_r1_k5_s2_e4_c40_se0.25', 'ir_r2_k5_s1_e6_c40_se0.25'],
      ['ir_r2_k5_s1_e3_c48_se0.25'],
      ['ir_r3_k5_s2_e6_c96_se0.25'],
      ['cn_r1_k1_s1_c576'],
    ],
    head: 1024,
  },
  smallMinimal: {
    stages: [
      ['ds_r1_k3_s2_e1_c16'],
      ['ir_r1_k3_s2_e4.5_c24', 'ir_r1_k3_s1_e3.67_c24'],
      ['ir_r1_k3_s2_e4_c40', 'ir_r2_k3_s1_e6_c40'],
      ['ir_r2_k3_s1_e3_c48'],
      ['ir_r3_k3_s2_e6_c96'],
      ['cn_r1_k1_s1_c576'],
    ],
    head: 1024,
  },
} satisfies Record<string, Pick<TimmArchitecture, 'stages'> & { readonly head: number }>

const variant = (
  table: keyof typeof tables,
  defaults: TimmEfficientNetOptions = {},
): Variant<TimmEfficientNetOptions> => ({
  options: timmEfficientNetOptions,
  create: (options) => {
    const activation = table.endsWith('Minimal') ? 'relu' : 'hardSwish'
    const all = { activation, ...defaults, ...options } as const
    // Networks narrower than 0.75 keep the stem's width.
    const fixedStem = (all.widthMult ?? 1) < 0.75
    return new TimmMobileNetV3({ ...tables[table], stem: 16, fixedStem, squeeze: 'mobileNetV3' }, all)
  },
})

/**
 * MobileNetV3 (Howard et al. 2019) as timm has it: without and with TensorFlow's padding, and the minimalistic networks
 * without squeeze-and-excitation, 5x5 kernels and hard swishes.
 */
export const variants: Readonly<Record<TimmMobileNetV3Name, Variant<TimmEfficientNetOptions>>> = {
  mobilenetv3_large_075: variant('large', { widthMult: 0.75 }),
  mobilenetv3_large_100: variant('large'),
  mobilenetv3_large_150d: variant('large', { widthMult: 1.5, depthMult: 1.2 }),
  mobilenetv3_small_050: variant('small', { widthMult: 0.5 }),
  mobilenetv3_small_075: variant('small', { widthMult: 0.75 }),
  mobilenetv3_small_100: variant('small'),
  tf_mobilenetv3_large_075: variant('large', { ...tensorFlowDefaults, widthMult: 0.75 }),
  tf_mobilenetv3_large_100: variant('large', tensorFlowDefaults),
  tf_mobilenetv3_large_minimal_100: variant('largeMinimal', tensorFlowDefaults),
  tf_mobilenetv3_small_075: variant('small', { ...tensorFlowDefaults, widthMult: 0.75 }),
  tf_mobilenetv3_small_100: variant('small', tensorFlowDefaults),
  tf_mobilenetv3_small_minimal_100: variant('smallMinimal', tensorFlowDefaults),
}
