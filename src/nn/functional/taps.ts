import type { Taps } from '../../graph/node.ts'
import { makeTaps, resample, type TapRow } from '../../graph/ops/index.ts'
import { calledAs } from '../../graph/shape.ts'
import { type Tensor, wrap } from '../../tensor/tensor.ts'

const known = new Map<string, Taps>()
const capacity = 512

/** The sparse matrix that `row` describes output by output; kept for the next use, so the key must name it fully. */
export function tapsFor(key: string, inSize: number, outSize: number, row: (output: number) => TapRow): Taps {
  const full = `${key}:${inSize}>${outSize}`
  const found = known.get(full)
  if (found) {
    known.delete(full)
    known.set(full, found)
    return found
  }
  const taps = makeTaps(
    inSize,
    Array.from({ length: outSize }, (_, i) => row(i)),
    key,
  )
  known.set(full, taps)
  if (known.size > capacity) known.delete(known.keys().next().value!)
  return taps
}

/** Applies the matrix along an axis, for the function `op`. */
export function applyTaps(op: string, x: Tensor, axis: number, taps: Taps): Tensor {
  return calledAs(op, () => wrap(resample(x.node, axis, taps)))
}

/** Picks elements of an axis by position: position(output) is in 0 .. inSize - 1, or undefined for a zero. */
export function pickTaps(
  key: string,
  inSize: number,
  outSize: number,
  position: (output: number) => number | undefined,
): Taps {
  return tapsFor(key, inSize, outSize, (output) => {
    const index = position(output)
    return index === undefined ? { indices: [], weights: [] } : { indices: [index], weights: [1] }
  })
}

/** Consecutive inputs with equal weights. */
export function range(from: number, to: number, weight: number): TapRow {
  const length = Math.max(to - from, 0)
  return {
    indices: Array.from({ length }, (_, i) => from + i),
    weights: new Array<number>(length).fill(weight),
  }
}
