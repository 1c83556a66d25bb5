import type { Epilogue, Image, Instruction, MicroOp, Operand, Program, SlotId } from './program.ts'

/** A program as text, one line an instruction: for people who look into what was compiled. */
export function formatProgram(program: Program): string {
  const { instructions, arenaBytes, externals } = program
  const head = `${instructions.length} instructions, arena ${arenaBytes} bytes, ${externals} external buffers`
  return [
    head,
    ...instructions.map((instruction, i) => `${i} ${formatInstruction(program, instruction)}`),
  ].join('\n')
}

function formatInstruction(program: Program, instruction: Instruction): string {
  const numberOf = (slot: SlotId): number => {
    const place = program.slots[slot]!
    return place.kind === 'arena' ? place.offset : place.kind === 'external' ? place.index : slot
  }
  const at = ({ slot, offset }: { readonly slot: number; readonly offset: number }): string => {
    const name = `${{ arena: '@', external: '#', window: '~' }[program.slots[slot]!.kind]}${numberOf(slot)}`
    return offset === 0 ? name : `${name}+${offset}`
  }
  const image = (i: Image): string =>
    `${at(i)}[${i.n}x${i.h}x${i.w}x${i.c}${i.pixelStride > i.c ? `/${i.pixelStride}` : ''}]`
  const operand = (o: Operand): string =>
    `${at(o)}${o.dtype === 'float32' ? '' : `:${o.dtype}`}(${o.strides})`
  const epilogue = (e: Epilogue | null): string => {
    if (e === null) return ''
    return ` then ${formatCode(e.code)} of ${e.inputs.map((input) => `${input.kind} ${at(input)}`).join(', ')}`
  }
  const one = (i: Instruction): string => formatInstruction(program, i)
  const i = instruction
  switch (i.op) {
    case 'elementwise':
      return `elementwise [${i.dims}] ${i.inputs.map(operand).join(' ')} -> ${i.outputs.map(operand).join(' ')}: ${formatCode(i.code)}`
    case 'reduce':
      return `reduce ${i.kind} [${i.dims.map((size, d) => (i.reduced[d] ? `${size}*` : size))}] ${i.inputs.map(operand).join(' ')} -> ${i.outputs.map(operand).join(' ')}: ${formatCode(i.code)}`
    case 'matmul':
      return `matmul ${i.batch}x[${i.m},${i.k}]x[${i.k},${i.n}]${i.transposeA ? ' A^T' : ''}${i.transposeB ? ' B^T' : ''}${i.packedB ? ' packed' : ''} ${at(i.a)} ${at(i.b)} -> ${at(i.c)}${epilogue(i.epilogue)}`
    case 'conv2d':
      return `conv2d ${i.algorithm} ${i.geometry.kernel.join('x')}/${i.geometry.stride} ${image(i.x)} ${at(i.weight)}${i.packed ? ' packed' : ''} -> ${image(i.y)}${epilogue(i.epilogue)}`
    case 'conv2dInputGrad':
      return `conv2dInputGrad ${i.algorithm} ${i.geometry.kernel.join('x')}/${i.geometry.stride} ${image(i.dy)} ${at(i.weight)} -> ${image(i.dx)}${epilogue(i.epilogue)}`
    case 'conv2dWeightGrad':
      return `conv2dWeightGrad ${i.algorithm} ${i.geometry.kernel.join('x')}/${i.geometry.stride} ${image(i.x)} ${image(i.dy)} -> ${at(i.dw)}`
    case 'packMatrix':
    case 'packConv':
      return `${i.op} ${at(i.source)} -> ${at(i.target)}`
    case 'maxPool2d':
      return `maxPool2d ${image(i.x)} -> ${i.values ? image(i.y) : ''}${i.indices ? ` indices ${at(i.indices)}` : ''}`
    case 'chain':
      return `chain by ${i.rows} rows: ${i.stages.map(one).join('; ')}`
    case 'poolGather':
      return `poolGather ${image(i.x)} ${at(i.indices)} -> ${image(i.y)}`
    case 'poolScatter':
      return `poolScatter ${image(i.y)} ${at(i.indices)} -> ${image(i.x)}`
    case 'gather':
      return `gather axis ${i.axis} [${i.dims}] of ${at(i.x)}[${i.xDims}] at ${at(i.index)} -> ${at(i.y)}`
    case 'scatterAdd':
      return `scatterAdd axis ${i.axis} [${i.dims}] ${at(i.source)} at ${at(i.index)} -> ${at(i.y)}[${i.yDims}]`
    case 'random':
      return `random [${i.size}] ${at(i.key)} -> ${at(i.y)}`
    case 'iota':
      return `iota ${i.start} + ${i.step} i [${i.outer},${i.size},${i.inner}] -> ${at(i.y)}`
    case 'resample':
      return `resample [${i.outer},${i.taps.inSize}>${i.taps.outSize},${i.inner}] ${at(i.x)} -> ${at(i.y)}`
    case 'argMax':
    case 'cumSum':
    case 'cumArgMax':
    case 'argSort':
      return `${i.op} [${i.outer},${i.size},${i.inner}] ${at(i.x)} -> ${at(i.y)}`
  }
}

function formatCode(code: readonly MicroOp[]): string {
  if (code.length === 0) return 'copy'
  return code
    .map((step) => {
      if (step.op === 'const') return `r${step.out}=${step.value}`
      const operands = 'c' in step ? [step.a, step.b, step.c] : 'b' in step ? [step.a, step.b] : [step.a]
      return `r${step.out}=${step.op}(${operands.map((r) => `r${r}`)})`
    })
    .join(' ')
}
