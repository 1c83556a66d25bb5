import type { ChainStage, Epilogue, Instruction, SlotId } from './program.ts'

/** A place of an instruction where a slot is named, and what is done with it there. */
export interface Access {
  readonly slot: SlotId
  readonly kind: 'read' | 'write' | 'readWrite'
}

function epilogueReads(epilogue: Epilogue | null): SlotId[] {
  return epilogue === null ? [] : epilogue.inputs.map((input) => input.slot)
}

const accesses = (reads: readonly SlotId[], writes: readonly SlotId[]): Access[] => [
  ...reads.map((slot): Access => ({ slot, kind: 'read' })),
  ...writes.map((slot): Access => ({ slot, kind: 'write' })),
]

/** Every slot an instruction reads or writes; none of the windows of a chain. */
export function slotsOf(instruction: Instruction): Access[] {
  const i = instruction
  switch (i.op) {
    case 'elementwise':
    case 'reduce':
      return accesses(
        i.inputs.map((operand) => operand.slot),
        i.outputs.map((operand) => operand.slot),
      )
    case 'matmul':
      return accesses([i.a.slot, i.b.slot, ...epilogueReads(i.epilogue)], [i.c.slot])
    case 'packMatrix':
    case 'packConv':
      return accesses([i.source.slot], [i.target.slot])
    case 'conv2d':
      return accesses([i.x.slot, i.weight.slot, ...epilogueReads(i.epilogue)], [i.y.slot])
    case 'conv2dInputGrad':
      return accesses([i.dy.slot, i.weight.slot, ...epilogueReads(i.epilogue)], [i.dx.slot])
    case 'conv2dWeightGrad':
      return accesses([i.x.slot, i.dy.slot], [i.dw.slot])
    case 'maxPool2d':
      return accesses([i.x.slot], [...(i.values ? [i.y.slot] : []), ...(i.indices ? [i.indices.slot] : [])])
    case 'chain': {
      const windows = new Set(i.stages.slice(0, -1).map((stage) => stage.y.slot))
      return i.stages.flatMap(slotsOf).filter(({ slot }) => !windows.has(slot))
    }
    case 'poolGather':
      return accesses([i.x.slot, i.indices.slot], [i.y.slot])
    case 'poolScatter':
      return accesses([i.y.slot, i.indices.slot], [i.x.slot])
    case 'resample':
    case 'argMax':
    case 'cumSum':
    case 'cumArgMax':
    case 'argSort':
      return accesses([i.x.slot], [i.y.slot])
    case 'gather':
      return accesses([i.x.slot, i.index.slot], [i.y.slot])
    case 'scatterAdd':
      return [...accesses([i.index.slot, i.source.slot], []), { slot: i.y.slot, kind: 'readWrite' }]
    case 'random':
      return accesses([i.key.slot], [i.y.slot])
    case 'iota':
      return accesses([], [i.y.slot])
  }
}

/** The same instruction over other slots. */
export function withSlots(instruction: Instruction, map: (slot: SlotId) => SlotId): Instruction {
  const at = <T extends { readonly slot: SlotId }>(place: T): T => ({ ...place, slot: map(place.slot) })
  const epilogue = (e: Epilogue | null): Epilogue | null => e && { ...e, inputs: e.inputs.map(at) }
  const i = instruction
  switch (i.op) {
    case 'elementwise':
    case 'reduce':
      return { ...i, inputs: i.inputs.map(at), outputs: i.outputs.map(at) }
    case 'matmul':
      return { ...i, a: at(i.a), b: at(i.b), c: at(i.c), epilogue: epilogue(i.epilogue) }
    case 'packMatrix':
      return { ...i, source: at(i.source), target: at(i.target) }
    case 'packConv':
      return { ...i, source: at(i.source), target: at(i.target) }
    case 'conv2d':
      return { ...i, x: at(i.x), weight: at(i.weight), y: at(i.y), epilogue: epilogue(i.epilogue) }
    case 'conv2dInputGrad':
      return { ...i, dy: at(i.dy), weight: at(i.weight), dx: at(i.dx), epilogue: epilogue(i.epilogue) }
    case 'conv2dWeightGrad':
      return { ...i, x: at(i.x), dy: at(i.dy), dw: at(i.dw) }
    case 'maxPool2d':
      return { ...i, x: at(i.x), y: at(i.y), indices: i.indices && at(i.indices) }
    case 'chain':
      return { ...i, stages: i.stages.map((stage) => withSlots(stage, map) as ChainStage) }
    case 'poolGather':
      return { ...i, x: at(i.x), indices: at(i.indices), y: at(i.y) }
    case 'poolScatter':
      return { ...i, y: at(i.y), indices: at(i.indices), x: at(i.x) }
    case 'resample':
    case 'argMax':
    case 'cumSum':
    case 'cumArgMax':
    case 'argSort':
      return { ...i, x: at(i.x), y: at(i.y) }
    case 'gather':
      return { ...i, x: at(i.x), index: at(i.index), y: at(i.y) }
    case 'scatterAdd':
      return { ...i, index: at(i.index), source: at(i.source), y: at(i.y) }
    case 'random':
      return { ...i, key: at(i.key), y: at(i.y) }
    case 'iota':
      return { ...i, y: at(i.y) }
  }
}
