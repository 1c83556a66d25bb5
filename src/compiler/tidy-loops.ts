import type { Instruction, Operand } from './program.ts'

/**
 * Orders the dimensions of loops as their results (or, of reductions, their largest operand) lie in memory, drops those
 * of size 1 and merges those that every operand walks as one.
 */
export function tidyLoop(instruction: Instruction): Instruction {
  if (instruction.op === 'elementwise') {
    const { dims, inputs, outputs } = instruction
    const operands = [...outputs, ...inputs]
    const tidy = merged(dims, operands, null, sortedDims(dims, outputs, inputs))
    return {
      ...instruction,
      dims: tidy.dims,
      outputs: tidy.operands.slice(0, outputs.length),
      inputs: tidy.operands.slice(outputs.length),
    }
  }
  if (instruction.op === 'reduce') {
    const { dims, inputs, outputs, reduced } = instruction
    const operands = [...outputs, ...inputs]
    const order = sortedDims(dims, [widest(dims, inputs) ?? outputs[0]!], operands)
    const tidy = merged(dims, operands, reduced, order)
    return {
      ...instruction,
      dims: tidy.dims,
      reduced: tidy.reduced,
      outputs: tidy.operands.slice(0, outputs.length),
      inputs: tidy.operands.slice(outputs.length),
    }
  }
  return instruction
}

/** The operand that is walked with the most distinct elements. */
function widest(dims: readonly number[], operands: readonly Operand[]): Operand | undefined {
  let best: Operand | undefined
  let most = 0
  for (const operand of operands) {
    let extent = 1
    for (const [d, stride] of operand.strides.entries()) if (stride !== 0) extent *= dims[d]!
    if (extent > most) [best, most] = [operand, extent]
  }
  return best
}

function sortedDims(dims: readonly number[], first: readonly Operand[], then: readonly Operand[]): number[] {
  const keys = [...first, ...then]
  const kept = dims.flatMap((size, d) => (size === 1 ? [] : [d]))
  return kept.sort((a, b) => {
    for (const { strides } of keys) {
      const difference = Math.abs(strides[b]!) - Math.abs(strides[a]!)
      if (difference !== 0) return difference
    }
    return a - b
  })
}

function merged(
  dims: readonly number[],
  operands: readonly Operand[],
  reduced: readonly boolean[] | null,
  order: readonly number[],
): { dims: number[]; operands: Operand[]; reduced: boolean[] } {
  const sizes: number[] = []
  const flags: boolean[] = []
  const strides: number[][] = operands.map(() => [])
  for (const d of order) {
    const last = sizes.length - 1
    const flag = reduced?.[d] ?? false
    const follows =
      last >= 0 &&
      flags[last] === flag &&
      operands.every((operand, o) => strides[o]![last] === operand.strides[d]! * dims[d]!)
    if (follows) {
      sizes[last]! *= dims[d]!
      for (const [o, operand] of operands.entries()) strides[o]![last] = operand.strides[d]!
    } else {
      sizes.push(dims[d]!)
      flags.push(flag)
      for (const [o, operand] of operands.entries()) strides[o]!.push(operand.strides[d]!)
    }
  }
  if (sizes.length === 0) {
    sizes.push(1)
    flags.push(false)
    for (const row of strides) row.push(0)
  }
  return {
    dims: sizes,
    reduced: flags,
    operands: operands.map((operand, o) => ({ ...operand, strides: strides[o]! })),
  }
}
