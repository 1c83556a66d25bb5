import type { DType } from '../graph/dtype.ts'
import type { MicroBinary, MicroOp, MicroType, MicroUnary } from './program.ts'

export const maxRegisters = 24
export const maxLoads = 12

/** The arithmetic in which values of a dtype are computed. */
export function microTypeOf(dtype: DType): MicroType {
  return dtype === 'float32' ? 'f32' : 'i32'
}

export const unaryMicroOps: ReadonlySet<string> = new Set<MicroUnary>([
  'neg',
  'abs',
  'sign',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sqrt',
  'sin',
  'cos',
  'tanh',
  'sigmoid',
  'erf',
  'floor',
  'round',
  'relu',
])

export const binaryMicroOps: ReadonlySet<string> = new Set<MicroBinary>([
  'add',
  'sub',
  'mul',
  'div',
  'pow',
  'maximum',
  'minimum',
  'remainder',
  'equal',
  'less',
  'lessEqual',
])

/** The registers a step reads. */
export function operandsOf(step: MicroOp): number[] {
  if (step.op === 'const') return []
  if ('c' in step) return [step.a, step.b, step.c]
  return 'b' in step ? [step.a, step.b] : [step.a]
}

/** The same step on other registers. */
export function renumbered(step: MicroOp, out: number, map: (register: number) => number): MicroOp {
  if (step.op === 'const') return { ...step, out }
  if ('c' in step) return { ...step, out, a: map(step.a), b: map(step.b), c: map(step.c) }
  if ('b' in step) return { ...step, out, a: map(step.a), b: map(step.b) }
  return { ...step, out, a: map(step.a) }
}

export interface AllocatedCode {
  readonly code: readonly MicroOp[]
  readonly results: readonly number[]
  readonly registers: number
}

/**
 * Gives steps in single-assignment form (each `out` written once, inputs in 0 .. inputs - 1) few registers. Input
 * registers are never written; those of results live to the end; a step may write the register of an operand that it
 * reads last. Steps that nothing reads are dropped, and equal steps merged.
 */
export function allocateRegisters(
  steps: readonly MicroOp[],
  inputs: number,
  results: readonly number[],
): AllocatedCode {
  const { code, outputs } = withoutRepeats(steps, inputs, results)
  const lastUse = new Map<number, number>()
  for (const [i, step] of code.entries()) for (const operand of operandsOf(step)) lastUse.set(operand, i)
  for (const result of outputs) lastUse.set(result, code.length)
  const assigned = new Map<number, number>()
  const free: number[] = []
  let registers = inputs
  const at = (register: number): number => (register < inputs ? register : assigned.get(register)!)
  const allocated = code.map((step, i) => {
    const operands = operandsOf(step)
    for (const operand of new Set(operands)) {
      if (operand >= inputs && lastUse.get(operand) === i) free.push(assigned.get(operand)!)
    }
    const register = free.pop() ?? registers++
    const result = renumbered(step, register, at)
    assigned.set(step.out, register)
    return result
  })
  return { code: allocated, results: outputs.map(at), registers }
}

/**
 * Adds code, whose registers may be written more than once, to `steps` in single-assignment form, where registers below
 * `inputs` are operands; `operandRegister` says where the operands of the code are. Returns where the value of each of its
 * registers is at its end.
 */
export function appendSteps(
  steps: MicroOp[],
  inputs: number,
  code: readonly MicroOp[],
  operandRegister: (operand: number) => number,
): (register: number) => number {
  const current = new Map<number, number>()
  const at = (register: number): number => current.get(register) ?? operandRegister(register)
  for (const step of code) {
    const out = inputs + steps.length
    steps.push(renumbered(step, out, at))
    current.set(step.out, out)
  }
  return at
}

/** Drops unread steps and merges equal ones. */
function withoutRepeats(
  steps: readonly MicroOp[],
  inputs: number,
  results: readonly number[],
): { code: MicroOp[]; outputs: number[] } {
  const same = new Map<number, number>()
  const known = new Map<string, number>()
  const at = (register: number): number => (register < inputs ? register : same.get(register)!)
  const unique: MicroOp[] = []
  for (const step of steps) {
    const mapped = renumbered(step, step.out, at)
    const value = mapped.op === 'const' ? constantKey(mapped.value) : ''
    const from = 'from' in mapped ? mapped.from : ''
    const key = `${mapped.op} ${mapped.type} ${value} ${from} ${operandsOf(mapped)}`
    const before = known.get(key)
    if (before === undefined) {
      known.set(key, step.out)
      unique.push(mapped)
    }
    same.set(step.out, before ?? step.out)
  }
  const outputs = results.map(at)
  const needed = new Set(outputs)
  const code: MicroOp[] = []
  for (const step of unique.reverse()) {
    if (!needed.has(step.out)) continue
    code.push(step)
    for (const operand of operandsOf(step)) needed.add(operand)
  }
  return { code: code.reverse(), outputs }
}

function constantKey(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
