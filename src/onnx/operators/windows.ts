import type { Shape } from '../../graph/shape.ts'
import type { Call } from '../call.ts'

/** How windows slide along each axis of space. */
export interface Windows {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** Before and after each axis. */
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/** Along each axis. */
const largestWindow = 65_536

const autoPads = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'] as const

export function autoPadOf(call: Call): (typeof autoPads)[number] {
  return call.text('auto_pad', autoPads, 'NOTSET')
}

/** The attributes that convolutions and pools share, for an input [n, c, ...space] and a kernel. */
export function windowsOf(call: Call, space: Shape, kernel: readonly number[]): Windows {
  const axes = space.length
  const ones = space.map(() => 1)
  const strides = call.ints('strides', ones)
  const dilations = call.ints('dilations', ones)
  for (const [name, list] of Object.entries({ kernel_shape: kernel, strides, dilations })) {
    if (list.length !== axes || list.some((n) => n < 1 || n > largestWindow)) {
      call.fail(`${name} is [${list}], which does not fit an input with ${axes} axes of space`)
    }
  }
  const auto = autoPadOf(call)
  if (auto === 'NOTSET') {
    const pads = call.ints('pads', [...ones, ...ones].fill(0))
    if (pads.length !== 2 * axes || pads.some((n) => Math.abs(n) > largestWindow))
      call.fail(`pads is [${pads}], which does not fit ${axes} axes of space`)
    return { kernel, strides, dilations, before: pads.slice(0, axes), after: pads.slice(axes) }
  }
  const totals = space.map((size, i) => {
    if (auto === 'VALID') return 0
    const extent = dilations[i]! * (kernel[i]! - 1) + 1
    return Math.max((Math.ceil(size / strides[i]!) - 1) * strides[i]! + extent - size, 0)
  })
  const before = totals.map((total) => (auto === 'SAME_LOWER' ? Math.ceil(total / 2) : Math.floor(total / 2)))
  return { kernel, strides, dilations, before, after: totals.map((total, i) => total - before[i]!) }
}

/** Windows that stay as they are with an axis of size 1 put before the others. */
export function lifted(windows: Windows): Windows {
  const { kernel, strides, dilations, before, after } = windows
  return {
    kernel: [1, ...kernel],
    strides: [1, ...strides],
    dilations: [1, ...dilations],
    before: [0, ...before],
    after: [0, ...after],
  }
}

export type Sides = readonly [number, number, number, number]

/** Padding as [top, bottom, left, right]. */
export function sidesOf({ before, after }: Windows): Sides {
  return [before[0]!, after[0]!, before[1]!, after[1]!]
}

export function pair(list: readonly number[]): readonly [number, number] {
  return [list[0]!, list[1]!]
}
