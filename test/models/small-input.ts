import type { ModelMetadata } from '../../src/models/index.ts'
import { toSize } from '../../src/transforms/image.ts'

/** Channels, height and width of a small image that a network takes: 64 pixels a side where nothing speaks against it. */
export function smallInput({
  preprocessing,
  minInputSize = 32,
}: ModelMetadata): readonly [number, number, number] {
  const usual = toSize(preprocessing.inputSize, 'inputSize')
  const least = toSize(minInputSize, 'minInputSize')
  const side = (axis: 0 | 1): number => Math.max(least[axis], Math.min(64, usual[axis]))
  return [preprocessing.channels ?? 3, side(0), side(1)]
}
