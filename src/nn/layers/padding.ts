import type { Tensor } from '../../tensor/tensor.ts'
import { type PadMode, pad } from '../functional/padding.ts'
import { Module } from '../module.ts'
import { represent } from './represent.ts'

/** One amount for all sides, or left, right, top, bottom; negative amounts crop. */
export type Pad2dAmounts = number | readonly [left: number, right: number, top: number, bottom: number]

abstract class Pad2d extends Module {
  readonly padding: readonly number[]
  readonly #mode: PadMode

  constructor(padding: Pad2dAmounts, mode: PadMode) {
    super()
    this.padding = typeof padding === 'number' ? [padding, padding, padding, padding] : [...padding]
    this.#mode = mode
  }

  protected get value(): number {
    return 0
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: this.#mode, value: this.value })
  }

  override extraRepr(): string {
    return represent([this.padding])
  }
}

export class ZeroPad2d extends Pad2d {
  constructor(padding: Pad2dAmounts) {
    super(padding, 'constant')
  }
}

export class ConstantPad2d extends Pad2d {
  readonly #value: number

  constructor(padding: Pad2dAmounts, value: number) {
    super(padding, 'constant')
    this.#value = value
  }

  protected override get value(): number {
    return this.#value
  }

  override extraRepr(): string {
    return represent([this.padding], { value: this.#value })
  }
}

/** Mirrors the image at its edges without repeating them. */
export class ReflectionPad2d extends Pad2d {
  constructor(padding: Pad2dAmounts) {
    super(padding, 'reflect')
  }
}

/** Repeats the image's edges. */
export class ReplicationPad2d extends Pad2d {
  constructor(padding: Pad2dAmounts) {
    super(padding, 'replicate')
  }
}

/** Wraps the image around. */
export class CircularPad2d extends Pad2d {
  constructor(padding: Pad2dAmounts) {
    super(padding, 'circular')
  }
}
