import type {
  ConvAlgorithm,
  ConvGeometry,
  Dense,
  Epilogue,
  Image,
  Instruction,
  Matrix,
  MicroOp,
  MicroType,
  Operand,
  Program,
  Slot,
} from '../compiler/program.ts'
import type { DType } from '../graph/dtype.ts'
import type { Layout } from '../graph/node.ts'

/** In the order of InstructionCode in kernels/program.h. */
const instructionCodes: { readonly [O in Instruction['op']]: number } = {
  elementwise: 0,
  reduce: 1,
  matmul: 2,
  packMatrix: 3,
  conv2d: 4,
  packConv: 5,
  conv2dInputGrad: 6,
  conv2dWeightGrad: 7,
  maxPool2d: 8,
  poolGather: 9,
  poolScatter: 10,
  resample: 11,
  argMax: 12,
  cumSum: 12,
  cumArgMax: 12,
  argSort: 12,
  gather: 13,
  scatterAdd: 14,
  random: 15,
  iota: 16,
  chain: 17,
}

/** In the order of MicroOpCode in kernels/instruction.h. */
const microOpCodes: { readonly [O in MicroOp['op']]: number } = {
  const: 0,
  neg: 1,
  abs: 2,
  sign: 3,
  exp: 4,
  expm1: 5,
  log: 6,
  log1p: 7,
  sqrt: 8,
  sin: 9,
  cos: 10,
  tanh: 11,
  sigmoid: 12,
  erf: 13,
  floor: 14,
  round: 15,
  relu: 16,
  add: 17,
  sub: 18,
  mul: 19,
  div: 20,
  pow: 21,
  maximum: 22,
  minimum: 23,
  remainder: 24,
  equal: 25,
  less: 26,
  lessEqual: 27,
  where: 28,
  cast: 29,
  toBool: 30,
  toUint8: 31,
}

const dtypeCodes: { readonly [D in DType]: number } = { float32: 0, float64: 1, int32: 2, uint8: 3, bool: 4 }
const layoutCodes: { readonly [L in Layout]: number } = { nchw: 0, nhwc: 1 }
const microTypeCodes: { readonly [T in MicroType]: number } = { f32: 0, i32: 1 }
const reduceCodes = { sum: 0, max: 1, prod: 2 } as const
const axisCodes = { argMax: 0, cumSum: 1, cumArgMax: 2, argSort: 3 } as const

export const convAlgorithmCodes: { readonly [A in ConvAlgorithm]: number } = {
  implicitGemm: 0,
  pointwise: 1,
  depthwise: 2,
  grouped: 3,
  winogradF2: 4,
  winogradF4: 5,
}

/** A program as the numbers that kernels/decoder.cc reads: fields in the order of its structs, counts before lists. */
export function encode(program: Program): Float64Array {
  return new Encoder().program(program)
}

class Encoder {
  readonly #numbers: number[] = []

  program(program: Program): Float64Array {
    this.#put(program.arenaBytes)
    this.#flag(program.exactSums)
    this.#put(program.externals)
    this.#list(program.slots, (slot) => this.#slot(slot))
    this.#list(program.instructions, (instruction) => {
      this.#put(instructionCodes[instruction.op])
      this.#instruction(instruction)
    })
    return Float64Array.from(this.#numbers)
  }

  #slot(slot: Slot): void {
    switch (slot.kind) {
      case 'arena':
        return this.#put(0, slot.offset, slot.bytes)
      case 'external':
        return this.#put(1, slot.index, slot.bytes)
      case 'window':
        return this.#put(2, slot.bytes)
    }
  }

  #put(...numbers: readonly number[]): void {
    for (const number of numbers) this.#numbers.push(number)
  }

  #list<T>(items: ArrayLike<T>, put: (item: T) => void): void {
    this.#put(items.length)
    for (let i = 0; i < items.length; i++) put(items[i]!)
  }

  #sizes(numbers: ArrayLike<number>): void {
    this.#list(numbers, (number) => this.#put(number))
  }

  #flag(value: boolean): void {
    this.#put(value ? 1 : 0)
  }

  #operand({ slot, dtype, offset, strides }: Operand): void {
    this.#put(slot, dtypeCodes[dtype], offset)
    this.#sizes(strides)
  }

  #dense({ slot, dtype, offset }: Dense): void {
    this.#put(slot, dtypeCodes[dtype], offset)
  }

  #image({ slot, offset, n, c, h, w, pixelStride }: Image): void {
    this.#put(slot, offset, n, c, h, w, pixelStride)
  }

  #matrix({ slot, offset, stride }: Matrix): void {
    this.#put(slot, offset, stride)
  }

  #geometry({ kernel, stride, padding, dilation }: Omit<ConvGeometry, 'groups'>, groups: number): void {
    this.#put(...kernel, ...stride, ...padding, ...dilation, groups)
  }

  #code(registers: number, code: readonly MicroOp[]): void {
    this.#put(registers)
    this.#list(code, (step) => {
      this.#put(microOpCodes[step.op], microTypeCodes[step.type])
      this.#put(microTypeCodes['from' in step ? step.from : step.type], step.out)
      this.#put(step.op === 'const' ? step.value : step.a)
      if ('b' in step) this.#put(step.b)
      if ('c' in step) this.#put(step.c)
    })
  }

  #epilogue(epilogue: Epilogue | null): void {
    this.#flag(epilogue !== null)
    if (epilogue === null) return
    this.#list(epilogue.inputs, (input) => {
      this.#put(input.kind === 'full' ? 1 : 0, input.slot, input.offset)
      if (input.kind === 'full') this.#put(input.rowStride)
    })
    this.#code(epilogue.registers, epilogue.code)
    this.#put(epilogue.result)
  }

  #instruction(i: Instruction): void {
    switch (i.op) {
      case 'elementwise':
        this.#sizes(i.dims)
        this.#list(i.inputs, (operand) => this.#operand(operand))
        this.#list(i.outputs, (operand) => this.#operand(operand))
        this.#code(i.registers, i.code)
        this.#sizes(i.results)
        break
      case 'reduce':
        this.#put(reduceCodes[i.kind])
        this.#sizes(i.dims)
        this.#list(i.reduced, (flag) => this.#flag(flag))
        this.#list(i.inputs, (operand) => this.#operand(operand))
        this.#list(i.outputs, (operand) => this.#operand(operand))
        this.#code(i.registers, i.code)
        this.#sizes(i.results)
        this.#sizes(i.scales)
        this.#put(microTypeCodes[i.type])
        break
      case 'matmul':
        this.#put(i.batch, i.m, i.n, i.k)
        this.#flag(i.transposeA)
        this.#flag(i.transposeB)
        this.#matrix(i.a)
        this.#matrix(i.b)
        this.#matrix(i.c)
        this.#put(...i.batchStrides)
        this.#flag(i.packedB)
        this.#epilogue(i.epilogue)
        break
      case 'packMatrix':
        this.#put(i.k, i.n)
        this.#flag(i.transposed)
        this.#matrix(i.source)
        this.#dense(i.target)
        break
      case 'conv2d':
        this.#put(convAlgorithmCodes[i.algorithm])
        this.#geometry(i.geometry, i.geometry.groups)
        this.#image(i.x)
        this.#dense(i.weight)
        this.#flag(i.packed)
        this.#image(i.y)
        this.#epilogue(i.epilogue)
        break
      case 'packConv':
        this.#put(convAlgorithmCodes[i.algorithm])
        this.#geometry(i.geometry, i.geometry.groups)
        this.#put(i.outChannels, i.inChannels)
        this.#dense(i.source)
        this.#dense(i.target)
        break
      case 'conv2dInputGrad':
        this.#put(convAlgorithmCodes[i.algorithm])
        this.#geometry(i.geometry, i.geometry.groups)
        this.#image(i.dy)
        this.#dense(i.weight)
        this.#image(i.dx)
        this.#epilogue(i.epilogue)
        break
      case 'conv2dWeightGrad':
        this.#put(convAlgorithmCodes[i.algorithm])
        this.#geometry(i.geometry, i.geometry.groups)
        this.#image(i.x)
        this.#image(i.dy)
        this.#dense(i.dw)
        break
      case 'maxPool2d':
        this.#put(layoutCodes[i.layout])
        this.#geometry(i.geometry, 1)
        this.#image(i.x)
        this.#image(i.y)
        this.#flag(i.values)
        this.#flag(i.indices !== null)
        if (i.indices !== null) this.#dense(i.indices)
        break
      case 'chain':
        this.#put(i.rows)
        this.#list(i.stages, (stage) => {
          this.#flag(stage.op === 'maxPool2d')
          this.#instruction(stage)
        })
        break
      case 'poolGather':
        this.#put(layoutCodes[i.layout])
        this.#image(i.x)
        this.#dense(i.indices)
        this.#image(i.y)
        break
      case 'poolScatter':
        this.#put(layoutCodes[i.layout])
        this.#image(i.y)
        this.#dense(i.indices)
        this.#image(i.x)
        break
      case 'resample':
        this.#put(i.outer, i.inner, i.taps.inSize, i.taps.outSize)
        this.#sizes(i.taps.offsets)
        this.#sizes(i.taps.indices)
        this.#sizes(i.taps.weights)
        this.#dense(i.x)
        this.#dense(i.y)
        break
      case 'argMax':
      case 'cumSum':
      case 'cumArgMax':
      case 'argSort':
        this.#put(axisCodes[i.op], i.outer, i.size, i.inner)
        this.#flag(i.descending)
        this.#dense(i.x)
        this.#dense(i.y)
        break
      case 'gather':
        this.#put(i.axis)
        this.#sizes(i.dims)
        this.#sizes(i.xDims)
        this.#dense(i.x)
        this.#dense(i.index)
        this.#dense(i.y)
        break
      case 'scatterAdd':
        this.#put(i.axis)
        this.#sizes(i.dims)
        this.#sizes(i.yDims)
        this.#dense(i.index)
        this.#dense(i.source)
        this.#dense(i.y)
        break
      case 'random':
        this.#put(i.size)
        this.#dense(i.key)
        this.#dense(i.y)
        break
      case 'iota':
        this.#put(i.outer, i.size, i.inner, i.start, i.step)
        this.#dense(i.y)
        break
    }
  }
}
