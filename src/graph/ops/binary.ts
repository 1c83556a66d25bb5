import { type DType, isFloating, promote } from '../dtype.ts'
import { make } from '../make.ts'
import type { Node } from '../node.ts'
import { broadcastShapes, ShapeError } from '../shape.ts'
import { noCost, type OpDefinition, type OpTable, perElement, type ValueType } from './definition.ts'
import { scalar } from './leaves.ts'
import { sumTo } from './reduction.ts'
import { floor, log, neg } from './unary.ts'

export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'maximum'
  | 'minimum'
  | 'remainder'
  | 'equal'
  | 'less'
  | 'lessEqual'

const comparisons: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['equal', 'less', 'lessEqual'])

type Gradients = readonly [() => Node | null, () => Node | null]

function binary<O extends BinaryOp>(
  op: O,
  onnx: string,
  gradient: (a: Node, b: Node, y: Node, g: Node) => Gradients,
): OpDefinition<O> {
  return {
    infer: ([a, b]) => {
      if (a!.dtype !== b!.dtype)
        throw new ShapeError(`${op}: dtypes ${a!.dtype} and ${b!.dtype} differ; cast one`)
      if ((op === 'div' || op === 'pow') && !isFloating(a!.dtype)) {
        throw new ShapeError(`${op}: needs floating-point tensors, got ${a!.dtype}; cast them first`)
      }
      const shape = broadcastShapes(op, a!.shape, b!.shape)
      return { shape, dtype: comparisons.has(op) ? 'bool' : a!.dtype }
    },
    gradient: (node, g) => {
      const [a, b] = [node.inputs[0]!, node.inputs[1]!]
      const [ofA, ofB] = gradient(a, b, node, g)
      return [reduced(a, ofA), reduced(b, ofB)]
    },
    cost: perElement,
    onnx,
  }
}

function reduced(input: Node, gradient: () => Node | null): Node | null {
  if (!input.requiresGrad) return null
  const full = gradient()
  return full && sumTo(full, input.shape)
}

const none: Gradients = [() => null, () => null]

export const binaryOps: OpTable<BinaryOp | 'where' | 'cast'> = {
  add: binary('add', 'Add', (_a, _b, _y, g) => [() => g, () => g]),
  sub: binary('sub', 'Sub', (_a, _b, _y, g) => [() => g, () => neg(g)]),
  mul: binary('mul', 'Mul', (a, b, _y, g) => [() => mul(g, b), () => mul(g, a)]),
  div: binary('div', 'Div', (_a, b, y, g) => [() => div(g, b), () => neg(div(mul(g, y), b))]),
  pow: binary('pow', 'Pow', (a, b, y, g) => [
    () => where(equal(b, 0), 0, mul(g, mul(b, pow(a, sub(b, 1))))),
    () => where(logicalAnd(equal(a, 0), lessEqual(0, b)), 0, mul(g, mul(y, log(a)))),
  ]),
  maximum: binary('maximum', 'Max', (a, b, _y, g) => chosen(a, b, g)),
  minimum: binary('minimum', 'Min', (a, b, _y, g) => chosen(b, a, g)),
  remainder: binary('remainder', 'Mod', (a, b, _y, g) => [() => g, () => neg(mul(g, floor(div(a, b))))]),
  equal: binary('equal', 'Equal', () => none),
  less: binary('less', 'Less', () => none),
  lessEqual: binary('lessEqual', 'LessOrEqual', () => none),
  where: {
    infer: ([condition, a, b]) => {
      if (condition!.dtype !== 'bool') {
        throw new ShapeError(`where: the condition must be bool, got ${condition!.dtype}; compare or cast it`)
      }
      if (a!.dtype !== b!.dtype)
        throw new ShapeError(`where: dtypes ${a!.dtype} and ${b!.dtype} differ; cast one`)
      const values = broadcastShapes('where', a!.shape, b!.shape)
      return { shape: broadcastShapes('where', condition!.shape, values), dtype: a!.dtype }
    },
    gradient: (node, g) => {
      const [condition, a, b] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]!]
      return [null, reduced(a, () => where(condition, g, 0)), reduced(b, () => where(condition, 0, g))]
    },
    cost: perElement,
    onnx: 'Where',
  },
  cast: {
    infer: ([x], { dtype }): ValueType => ({ shape: x!.shape, dtype }),
    gradient: (node, g) => [isFloating(node.inputs[0]!.dtype) ? cast(g, node.inputs[0]!.dtype) : null],
    cost: noCost,
    onnx: 'Cast',
  },
}

/** What a and b get of the gradient of their maximum: half each where equal. For their minimum: chosen(b, a, g). */
function chosen(a: Node, b: Node, g: Node): Gradients {
  const share = (smaller: Node): Node => where(smaller, 0, where(equal(a, b), mul(g, 0.5), g))
  return [() => share(less(a, b)), () => share(less(b, a))]
}

export type Scalar = Node | number

/** Both operands as nodes of one dtype: a number takes the tensor's, unless it is fractional and the tensor integer. */
export function promoted(op: string, a: Scalar, b: Scalar, minimum: DType = 'bool'): [Node, Node] {
  const common = promote(minimum, promote(dtypeFor(op, a, b), dtypeFor(op, b, a)))
  return [lifted(a, common), lifted(b, common)]
}

function dtypeFor(op: string, value: Scalar, other: Scalar): DType {
  if (typeof value !== 'number') return value.dtype
  if (typeof other === 'number') throw new TypeError(`${op}: one operand at least must be a tensor`)
  if (isFloating(other.dtype)) return other.dtype
  if (!Number.isInteger(value)) return 'float32'
  return other.dtype === 'bool' || (other.dtype === 'uint8' && value < 0) ? 'int32' : other.dtype
}

function lifted(value: Scalar, dtype: DType): Node {
  return typeof value === 'number' ? scalar(value, dtype) : cast(value, dtype)
}

const arithmetic =
  (op: BinaryOp, minimum: DType) =>
  (a: Scalar, b: Scalar): Node =>
    make(op, promoted(op, a, b, minimum), {})

export const add: (a: Scalar, b: Scalar) => Node = arithmetic('add', 'uint8')
export const sub: (a: Scalar, b: Scalar) => Node = arithmetic('sub', 'uint8')
export const mul: (a: Scalar, b: Scalar) => Node = arithmetic('mul', 'uint8')
export const div: (a: Scalar, b: Scalar) => Node = arithmetic('div', 'float32')
export const pow: (a: Scalar, b: Scalar) => Node = arithmetic('pow', 'float32')
export const maximum: (a: Scalar, b: Scalar) => Node = arithmetic('maximum', 'bool')
export const minimum: (a: Scalar, b: Scalar) => Node = arithmetic('minimum', 'bool')
export const remainder: (a: Scalar, b: Scalar) => Node = arithmetic('remainder', 'uint8')
export const equal: (a: Scalar, b: Scalar) => Node = arithmetic('equal', 'bool')
export const less: (a: Scalar, b: Scalar) => Node = arithmetic('less', 'bool')
export const lessEqual: (a: Scalar, b: Scalar) => Node = arithmetic('lessEqual', 'bool')

export function where(condition: Node, a: Scalar, b: Scalar): Node {
  if (typeof a === 'number' && typeof b === 'number') {
    const dtype = Number.isInteger(a) && Number.isInteger(b) ? 'int32' : 'float32'
    return make('where', [condition, scalar(a, dtype), scalar(b, dtype)], {})
  }
  return make('where', [condition, ...promoted('where', a, b)], {})
}

export function cast(x: Node, dtype: DType): Node {
  return x.dtype === dtype ? x : make('cast', [x], { dtype })
}

export function logicalNot(x: Node): Node {
  return make('equal', [cast(x, 'bool'), scalar(0, 'bool')], {})
}

export function logicalAnd(a: Node, b: Node): Node {
  return make('minimum', [cast(a, 'bool'), cast(b, 'bool')], {})
}

export function logicalOr(a: Node, b: Node): Node {
  return make('maximum', [cast(a, 'bool'), cast(b, 'bool')], {})
}
