import type { Program } from '../compiler/program.ts'
import { type IndexError, indexError } from '../graph/index-error.ts'

/** What the instructions of a program that take indices are called. */
export class IndexedInstructions {
  readonly #indexed = new Map<number, { readonly name: string; readonly size: number }>()

  constructor(program: Program) {
    for (const [i, instruction] of program.instructions.entries()) {
      if (instruction.op !== 'gather' && instruction.op !== 'scatterAdd') continue
      const { name, axis } = instruction
      const dims = instruction.op === 'gather' ? instruction.xDims : instruction.yDims
      this.#indexed.set(i, { name, size: dims[axis]! })
    }
  }

  /** The error of an index out of range. */
  error(instruction: number, index: number): IndexError {
    const { name, size } = this.#indexed.get(instruction)!
    return indexError(name, index, size)
  }
}
