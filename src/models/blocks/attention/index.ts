import type { Module } from '../../../nn/index.ts'
import { checkOption } from '../../../tensor/options.ts'
import { SqueezeExcite } from '../squeeze-excite.ts'
import { Cbam } from './cbam.ts'
import { EffectiveSqueezeExcite } from './effective-squeeze-excite.ts'
import { EfficientChannelAttention } from './efficient-channel.ts'
import { GatherExcite } from './gather-excite.ts'
import { GlobalContext } from './global-context.ts'
import { SelectiveKernel } from './selective-kernel.ts'
import { SplitAttention } from './split-attention.ts'

export { Cbam, type CbamOptions } from './cbam.ts'
export { EffectiveSqueezeExcite } from './effective-squeeze-excite.ts'
export {
  EfficientChannelAttention,
  type EfficientChannelAttentionOptions,
  efficientKernelSize,
} from './efficient-channel.ts'
export { GatherExcite, type GatherExciteOptions } from './gather-excite.ts'
export { GlobalContext, type GlobalContextOptions } from './global-context.ts'
export { SelectiveKernel, type SelectiveKernelOptions } from './selective-kernel.ts'
export { SplitAttention, type SplitAttentionOptions } from './split-attention.ts'

/** timm's names: squeeze-and-excitation, its effective form, efficient channel attention (with circular channels), … */
export type AttentionName =
  | 'se'
  | 'ese'
  | 'eca'
  | 'ceca'
  | 'ge'
  | 'gc'
  | 'gca'
  | 'cbam'
  | 'lcbam'
  | 'sk'
  | 'splat'

const layers: Readonly<Record<AttentionName, (channels: number) => Module>> = {
  se: (channels) => new SqueezeExcite(channels, Math.max(8, Math.floor((channels / 16 + 4) / 8) * 8)),
  ese: (channels) => new EffectiveSqueezeExcite(channels),
  eca: (channels) => new EfficientChannelAttention(channels),
  ceca: (channels) => new EfficientChannelAttention(channels, { circular: true }),
  ge: (channels) => new GatherExcite(channels),
  gc: (channels) => new GlobalContext(channels),
  gca: (channels) => new GlobalContext(channels, { scale: false, add: true }),
  cbam: (channels) => new Cbam(channels),
  lcbam: (channels) => new Cbam(channels, { light: true }),
  sk: (channels) => new SelectiveKernel(channels),
  splat: (channels) => new SplitAttention(channels),
}

export const attentionNames: readonly AttentionName[] = Object.keys(layers) as AttentionName[]

/**
 * A layer that weighs the channels or pixels of the map [batch, channels, height, width] that it takes, by name or as what makes
 * it. Residual blocks apply it at the end of their branch, before the sum.
 */
export type Attention = AttentionName | ((channels: number) => Module)

/** Throws a TypeError for a name that there is not. */
export function attentionLayer(attention: Attention, channels: number): Module {
  if (typeof attention === 'function') return attention(channels)
  checkOption('attentionLayer', 'attention', attention, attentionNames)
  return layers[attention](channels)
}
