import type { TensorFlowEfficientNetName } from './efficientnet-tf.metadata.ts'
import {
  type TimmArchitecture,
  type TimmEfficientNetOptions,
  tensorFlowDefaults,
  timmVariant,
} from './efficientnet-timm.ts'
import { makeDivisible, type Variant } from './network.ts'

const architecture = (widthMult: number): TimmArchitecture => ({
  stages: [
    ['ds_r1_k3_s1_e1_c16_se0.25'],
    ['ir_r2_k3_s2_e6_c24_se0.25'],
    ['ir_r2_k5_s2_e6_c40_se0.25'],
    ['ir_r3_k3_s2_e6_c80_se0.25'],
    ['ir_r3_k5_s1_e6_c112_se0.25'],
    ['ir_r4_k5_s2_e6_c192_se0.25'],
    ['ir_r1_k3_s1_e6_c320_se0.25'],
  ],
  stem: 32,
  head: makeDivisible(1280 * widthMult),
})

const variant = (widthMult: number, depthMult: number): Variant<TimmEfficientNetOptions> =>
  timmVariant(architecture, { ...tensorFlowDefaults, activation: 'silu', widthMult, depthMult })

/**
 * EfficientNet (Tan and Le 2019) as timm has it for TensorFlow's weights: its padding, its epsilon, timm's names. Dropout
 * and stochastic depth are off unless asked for.
 */
export const variants: Readonly<Record<TensorFlowEfficientNetName, Variant<TimmEfficientNetOptions>>> = {
  tf_efficientnet_b0: variant(1, 1),
  tf_efficientnet_b1: variant(1, 1.1),
  tf_efficientnet_b2: variant(1.1, 1.2),
  tf_efficientnet_b3: variant(1.2, 1.4),
  tf_efficientnet_b4: variant(1.4, 1.8),
  tf_efficientnet_b5: variant(1.6, 2.2),
  tf_efficientnet_b6: variant(1.8, 2.6),
  tf_efficientnet_b7: variant(2, 3.1),
  tf_efficientnet_b8: variant(2.2, 3.6),
  tf_efficientnet_l2: variant(4.3, 5.3),
}
