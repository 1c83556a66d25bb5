import { concat, type Tensor } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import type { ElementType } from '../model.ts'
import { typeOf } from '../value.ts'
import { typeOfNumber } from './constant.ts'
import { convolve } from './convolution.ts'

const ranges: Partial<Record<ElementType, readonly [number, number]>> = {
  UINT8: [0, 255],
  INT8: [-128, 127],
  UINT16: [0, 65_535],
  INT16: [-32_768, 32_767],
}

/** Scales or zero points, one for each slice along an axis, or for each block of it, shaped to fit x. */
function alongAxis(call: Call, values: Tensor, x: Tensor, axis: number): Tensor {
  if (values.size === 1) return values.reshape([])
  if (values.rank === 1) return values.reshape(x.shape.map((_, i) => (i === axis ? -1 : 1)))
  const block = call.int('block_size', 0)
  if (block === 0) return values
  const rows = values.unbind(axis).flatMap((row) => new Array<Tensor>(block).fill(row.unsqueeze(axis)))
  return concat(rows.slice(0, x.shape[axis]!), axis)
}

function quantize(call: Call, x: Tensor, scale: Tensor, zero: Tensor | null, type: ElementType): Tensor {
  const [low, high] = ranges[type] ?? call.refuse(`to ${type}`)
  const steps = x.div(scale).round()
  const shifted = zero === null ? steps : steps.add(zero.float())
  return shifted.clamp(low, high).to(type === 'UINT8' ? 'uint8' : 'int32')
}

function dequantize(x: Tensor, scale: Tensor, zero: Tensor | null): Tensor {
  const floats = x.float()
  return (zero === null ? floats : floats.sub(zero.float())).mul(scale)
}

function quantizeLinear(call: Call): Tensor {
  const x = call.tensor(0).float()
  const axis = x.rank === 0 ? 0 : call.axis(Math.min(call.int('axis', 1), x.rank - 1), x.rank)
  const type = call.has(2)
    ? typeOf(call.value(2))
    : call.hasAttribute('output_dtype')
      ? typeOfNumber(call, call.int('output_dtype'))
      : 'UINT8'
  const zero = call.optionalTensor(2)
  const scale = alongAxis(call, call.tensor(1), x, axis)
  return quantize(call, x, scale, zero && alongAxis(call, zero, x, axis), type)
}

function dequantizeLinear(call: Call): Tensor {
  const x = call.tensor(0)
  const axis = x.rank === 0 ? 0 : call.axis(Math.min(call.int('axis', 1), x.rank - 1), x.rank)
  const zero = call.optionalTensor(2)
  return dequantize(x, alongAxis(call, call.tensor(1), x, axis), zero && alongAxis(call, zero, x, axis))
}

/** Scale and zero point of 8 bits for the range of x and zero. */
function dynamicQuantizeLinear(call: Call): readonly Tensor[] {
  const x = call.tensor(0)
  const [low, high] = [x.amin().minimum(0), x.amax().maximum(0)]
  const scale = high.sub(low).div(255)
  const zero = low.neg().div(scale).round().clamp(0, 255).to('uint8')
  return [quantize(call, x, scale, zero, 'UINT8'), scale, zero]
}

/** The exact sums, as float32 holds them up to 2 ** 24. */
function centred(call: Call, index: number, zeroIndex: number, perRow: boolean): Tensor {
  const x = call.tensor(index).float()
  const zero = call.optionalTensor(zeroIndex)?.float()
  if (zero === undefined) return x
  if (zero.size === 1) return x.sub(zero.reshape([]))
  return x.sub(perRow ? zero.reshape([...zero.shape, ...x.shape.slice(zero.rank).map(() => 1)]) : zero)
}

function integerMatMul(call: Call): Tensor {
  return centred(call, 0, 2, true)
    .matmul(centred(call, 1, 3, false))
    .round()
    .to('int32')
}

function integerConv(call: Call): Tensor {
  return convolve(call, centred(call, 0, 2, true), centred(call, 1, 3, true), null)
    .round()
    .to('int32')
}

function quantizedMatMul(call: Call): Tensor {
  const a = dequantize(call.tensor(0), call.tensor(1), call.tensor(2))
  const b = dequantize(call.tensor(3), call.tensor(4), call.tensor(5))
  return quantize(call, a.matmul(b), call.tensor(6), call.tensor(7), typeOf(call.value(7)))
}

function quantizedConv(call: Call): Tensor {
  const weight = call.tensor(3)
  const rows = (values: Tensor): Tensor =>
    values.size === 1 ? values.reshape([]) : values.reshape(-1, ...weight.shape.slice(1).map(() => 1))
  const x = dequantize(call.tensor(0), call.tensor(1).reshape([]), call.tensor(2).reshape([]))
  const w = dequantize(weight, rows(call.tensor(4)), rows(call.tensor(5)))
  const steps = call.tensor(1).reshape([]).mul(call.tensor(4).reshape(-1))
  const bias = call.has(8) ? call.tensor(8).float().mul(steps) : null
  return quantize(call, convolve(call, x, w, bias), call.tensor(6), call.tensor(7), typeOf(call.value(7)))
}

const notes = 'computed in float32; int8, uint8, int16 and uint16'

export const quantizationOperators: Operators = {
  QuantizeLinear: operator(10, quantizeLinear, notes),
  DequantizeLinear: operator(10, dequantizeLinear, notes),
  DynamicQuantizeLinear: operator(11, dynamicQuantizeLinear, notes),
  QLinearConv: operator(10, quantizedConv, notes),
  QLinearMatMul: operator(10, quantizedMatMul, notes),
  ConvInteger: operator(10, integerConv, notes),
  MatMulInteger: operator(10, integerMatMul, notes),
}
