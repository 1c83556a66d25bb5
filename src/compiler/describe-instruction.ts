import type { ConvGeometry, Epilogue, Image, Instruction, MicroOp } from './program.ts'

/** An instruction in a few words, without the places of its operands: shapes, algorithm, what is fused into it. */
export function describeInstruction(instruction: Instruction): string {
  const i = instruction
  switch (i.op) {
    case 'elementwise':
      return `${shape(i.dims)} ${code(i.code) || 'copy'}`
    case 'reduce':
      return `${i.outputs.length === 1 ? '' : `${i.outputs.length} times `}${i.kind} ${shape(i.dims)} to ${shape(i.dims.filter((_, d) => !i.reduced[d]))}${before(i.code)}`
    case 'matmul': {
      const batch = i.batch === 1 ? '' : `${i.batch} of `
      const flags = `${i.transposeA ? ' A^T' : ''}${i.transposeB ? ' B^T' : ''}${i.packedB ? ' packed' : ''}`
      return `${batch}${i.m}x${i.k} by ${i.k}x${i.n}${flags}${after(i.epilogue)}`
    }
    case 'packMatrix':
      return `${i.k}x${i.n}`
    case 'conv2d':
      return `${i.algorithm} ${geometry(i.geometry)} ${image(i.x)} to ${image(i.y)}${after(i.epilogue)}`
    case 'packConv':
      return `${i.algorithm} ${geometry(i.geometry)} ${i.inChannels} to ${i.outChannels}`
    case 'conv2dInputGrad':
      return `${i.algorithm} ${geometry(i.geometry)} ${image(i.dy)} to ${image(i.dx)}${after(i.epilogue)}`
    case 'conv2dWeightGrad':
      return `${i.algorithm} ${geometry(i.geometry)} ${image(i.x)} and ${image(i.dy)}`
    case 'maxPool2d': {
      const results = [...(i.values ? ['values'] : []), ...(i.indices ? ['positions'] : [])]
      return `${geometry({ ...i.geometry, groups: 1 })} ${image(i.x)} to ${image(i.y)} ${results.join(', ')}`
    }
    case 'chain':
      return i.stages.map((stage) => `${stage.op} ${describeInstruction(stage)}`).join('; ')
    case 'poolGather':
      return `${image(i.x)} to ${image(i.y)}`
    case 'poolScatter':
      return `${image(i.y)} to ${image(i.x)}`
    case 'resample':
      return `${shape([i.outer, i.taps.inSize, i.inner])} to ${shape([i.outer, i.taps.outSize, i.inner])}`
    case 'argMax':
    case 'cumSum':
    case 'cumArgMax':
    case 'argSort':
      return shape([i.outer, i.size, i.inner])
    case 'gather':
      return `${shape(i.dims)} of ${shape(i.xDims)}`
    case 'scatterAdd':
      return `${shape(i.dims)} into ${shape(i.yDims)}`
    case 'random':
      return shape([i.size])
    case 'iota':
      return shape([i.outer, i.size, i.inner])
  }
}

function shape(dims: readonly number[]): string {
  return dims.length === 0 ? '1' : dims.join('x')
}

function image({ n, h, w, c }: Image): string {
  return shape([n, h, w, c])
}

function geometry({ kernel, stride, dilation, groups }: ConvGeometry): string {
  const both = (pair: readonly [number, number]): string =>
    pair[0] === pair[1] ? `${pair[0]}` : `${pair[0]},${pair[1]}`
  return [
    `${kernel[0]}x${kernel[1]}`,
    ...(both(stride) === '1' ? [] : [`stride ${both(stride)}`]),
    ...(both(dilation) === '1' ? [] : [`dilation ${both(dilation)}`]),
    ...(groups === 1 ? [] : [`groups ${groups}`]),
  ].join(' ')
}

const longest = 6

/** The steps' names; of long code the first ones. */
function code(steps: readonly MicroOp[]): string {
  const names = steps.filter(({ op }) => op !== 'const').map(({ op }) => op)
  if (names.length <= longest) return names.join(' ')
  return `${names.slice(0, longest - 1).join(' ')} and ${names.length - longest + 1} more`
}

function before(steps: readonly MicroOp[]): string {
  const text = code(steps)
  return text === '' ? '' : ` of ${text}`
}

function after(epilogue: Epilogue | null): string {
  const text = epilogue === null ? '' : code(epilogue.code)
  return text === '' ? '' : ` then ${text}`
}
