import { slotsOf } from './instruction-slots.ts'
import { allocateRegisters, appendSteps } from './lowering-code.ts'
import type { Buffer } from './lowering-state.ts'
import type { Instruction, MicroOp, SlotId } from './program.ts'

/** Takes results that nothing reads out of loops with several. */
export function dropUnread(buffers: readonly Buffer[], instructions: readonly Instruction[]): Instruction[] {
  const read = new Set<SlotId>()
  for (const { slot, kind } of instructions.flatMap(slotsOf)) if (kind !== 'write') read.add(slot)
  return instructions.map((instruction) => {
    if (instruction.op !== 'elementwise' || instruction.outputs.length === 1) return instruction
    const { inputs, outputs, results, code } = instruction
    const kept = outputs.flatMap(({ slot }, i) => (read.has(slot) || buffers[slot]!.external ? [i] : []))
    if (kept.length === 0 || kept.length === outputs.length) return instruction
    const steps: MicroOp[] = []
    const at = appendSteps(steps, inputs.length, code, (operand) => operand)
    return {
      ...instruction,
      outputs: kept.map((i) => outputs[i]!),
      ...allocateRegisters(
        steps,
        inputs.length,
        kept.map((i) => at(results[i]!)),
      ),
    }
  })
}
