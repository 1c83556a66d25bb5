import { type DType, dtypes } from '../graph/dtype.ts'
import { type Shape, sizeOf } from '../graph/shape.ts'
import { denseView, type View } from './lowering-view.ts'
import type { Instruction, SlotId } from './program.ts'

/** A stretch of memory before it has a place: instructions under construction name buffers where programs name slots. */
export interface Buffer {
  readonly bytes: number
  /** Handed in at each run; the others go to the arena, or to the derived values. */
  readonly external:
    | { readonly kind: 'input'; readonly index: number; readonly constant: boolean }
    | { readonly kind: 'output'; readonly index: number }
    | null
  /** The input whose memory this output takes over in place. */
  readonly donor: SlotId | null
}

/** What lowering has made so far. */
export class LoweringState {
  readonly buffers: Buffer[] = []
  readonly instructions: Instruction[] = []

  add(buffer: Buffer): SlotId {
    return this.buffers.push(buffer) - 1
  }

  /** Fresh memory for a dense value. */
  temporary(dtype: DType, shape: Shape): View {
    const bytes = sizeOf(shape) * dtypes[dtype].bytes
    return denseView(this.add({ bytes, external: null, donor: null }), dtype, shape)
  }

  /** Fresh memory for a dense external value. */
  external(dtype: DType, shape: Shape, external: Buffer['external'], donor: SlotId | null = null): View {
    const bytes = sizeOf(shape) * dtypes[dtype].bytes
    return denseView(this.add({ bytes, external, donor }), dtype, shape)
  }

  emit(instruction: Instruction): void {
    this.instructions.push(instruction)
  }
}
