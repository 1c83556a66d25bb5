import type { ActivationName, KernelSizes } from './blocks/index.ts'

/** One block of a network of timm's EfficientNet family. */
export interface BlockSpec {
  /** Inverted residual; depthwise separable, without or with an activation at its end; convolution. */
  readonly kind: 'ir' | 'ds' | 'dsa' | 'cn'
  readonly kernel: KernelSizes
  readonly expandKernel: KernelSizes
  readonly projectKernel: KernelSizes
  readonly stride: number
  readonly expansion: number
  readonly channels: number
  /** The share of channels that squeeze-and-excitation squeezes to; 0 for none. */
  readonly squeeze: number
  /** The network's unless given. */
  readonly activation: ActivationName | null
  readonly skip: boolean
}

const kinds = ['ir', 'ds', 'dsa', 'cn'] as const

const activations: Readonly<Record<string, ActivationName>> = {
  nre: 'relu',
  nr6: 'relu6',
  nhs: 'hardSwish',
  nsw: 'silu',
  nmi: 'mish',
}

/**
 * Reads a block in timm's notation: its kind, then in any order `r` repeats, `k` kernel size, `s` stride, `e` expansion,
 * `c` channels, `se` share to squeeze to, `a` and `p` kernel sizes of the convolutions before and after the depthwise one,
 * `n` activation, `noskip`. Several kernel sizes, as in k3.5.7, make a mixed convolution.
 */
function parseBlock(text: string): { readonly spec: BlockSpec; readonly repeats: number } {
  const [first, ...parts] = text.split('_')
  const kind = kinds.find((known) => known === first)
  const numbers = new Map<string, string>()
  let activation: ActivationName | null = null
  let skip = true
  for (const part of parts) {
    const [, key, value] = /^([a-z]+?)(\d[\d.]*)$/.exec(part) ?? []
    if (part === 'noskip') skip = false
    else if (activations[part]) activation = activations[part]
    else if (key !== undefined && value !== undefined) numbers.set(key, value)
    else throw new SyntaxError(`the block '${text}' has a part '${part}' that means nothing`)
  }
  const number = (key: string, otherwise?: string): string => {
    const value = numbers.get(key) ?? otherwise
    if (value === undefined) throw new SyntaxError(`the block '${text}' lacks '${key}'`)
    return value
  }
  if (kind === undefined)
    throw new SyntaxError(`the block '${text}' is of none of the kinds ${kinds.join(', ')}`)
  return {
    repeats: Number(number('r')),
    spec: {
      kind,
      kernel: kernelSizes(number('k')),
      expandKernel: kernelSizes(number('a', '1')),
      projectKernel: kernelSizes(number('p', '1')),
      stride: Number(number('s')),
      expansion: Number(number('e', '1')),
      channels: Number(number('c')),
      squeeze: Number(number('se', '0')),
      activation,
      skip,
    },
  }
}

function kernelSizes(text: string): KernelSizes {
  const sizes = text.split('.').map(Number)
  return sizes.length === 1 ? sizes[0]! : sizes
}

interface Depths {
  readonly stages: readonly (readonly string[])[]
  readonly depthRounding?: 'ceil' | 'round'
  readonly fixedFirstAndLast?: boolean
}

/** The blocks of each stage, repeated as often as the depth wants it. */
export function scaledStages(depths: Depths, depthMult: number): readonly (readonly BlockSpec[])[] {
  const { stages, depthRounding = 'ceil', fixedFirstAndLast = false } = depths
  return stages.map((texts, i) => {
    const fixed = fixedFirstAndLast && (i === 0 || i === stages.length - 1)
    const blocks = texts.map(parseBlock)
    const repeats = scaledRepeats(
      blocks.map((block) => block.repeats),
      fixed ? 1 : depthMult,
      depthRounding,
    )
    return blocks.flatMap(({ spec }, j) => Array.from({ length: repeats[j]! }, () => spec))
  })
}

/** A stage's number of blocks is scaled as a whole; its parts, from the last on, share it in proportion. */
function scaledRepeats(
  repeats: readonly number[],
  depthMult: number,
  rounding: 'ceil' | 'round',
): readonly number[] {
  let left = repeats.reduce((a, b) => a + b, 0)
  let scaled =
    rounding === 'round' ? Math.max(1, roundHalfToEven(left * depthMult)) : Math.ceil(left * depthMult)
  const result: number[] = []
  for (const count of repeats.toReversed()) {
    const share = Math.max(1, roundHalfToEven((count / left) * scaled))
    result.unshift(share)
    left -= count
    scaled -= share
  }
  return result
}

/** Python's rounding. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x)
  return x - below === 0.5 ? below + (below % 2) : Math.round(x)
}
