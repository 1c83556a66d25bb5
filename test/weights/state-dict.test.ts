import { describe, expect, it } from 'vitest'
import {
  convertTo,
  defaultDType,
  toFloat32,
  toInt32,
  weightTensor,
  weightTensorFromBytes,
  weightTensorOf,
} from '../../src/weights/state-dict.ts'

describe('weight tensors', () => {
  it('refuse bytes that do not fit the shape', () => {
    expect(() => weightTensorFromBytes([2, 3], 'F32', new Uint8Array(20))).toThrow(
      'a F32 tensor of shape [2, 3] takes 24 bytes, but 20 were given',
    )
  })

  it('share aligned memory and copy what is not aligned', () => {
    const buffer = new Uint8Array(17)
    const aligned = weightTensorFromBytes([2], 'F64', buffer.subarray(0, 16))
    const shifted = weightTensorFromBytes([2], 'F64', buffer.subarray(1, 17))
    buffer[7] = 0x40
    expect(aligned.values()[0]).toBe(2)
    expect(shifted.values()[0]).toBe(0)
  })

  it('hold the values of every engine dtype', () => {
    expect(weightTensorOf([2], 'float32', Float32Array.of(1, 2)).dtype).toBe('F32')
    expect(weightTensorOf([2], 'bool', Uint8Array.of(1, 0)).dtype).toBe('BOOL')
    expect([...weightTensorOf([1], 'int32', Int32Array.of(-7)).values()]).toEqual([-7])
  })
})

describe('conversion', () => {
  it('rounds float64 to the nearest float32', () => {
    const values = [1 / 3, 1 + 2 ** -24, 1 + 3 * 2 ** -24, 1e-50, 1e300]
    expect([...toFloat32(weightTensor([5], 'F64', Float64Array.from(values)))]).toEqual(
      values.map(Math.fround),
    )
  })

  it('brings integers that fit to int32 and names those that do not', () => {
    const edges = BigInt64Array.of(2n ** 31n - 1n, -(2n ** 31n), 0n)
    expect([...toInt32(weightTensor([3], 'I64', edges))]).toEqual([2 ** 31 - 1, -(2 ** 31), 0])
    const large = weightTensor([2], 'I64', BigInt64Array.of(1n, 2n ** 31n))
    expect(() => toInt32(large, 'steps')).toThrow('steps[1] is 2147483648 (I64), which int32 cannot hold')
    expect(() => toInt32(weightTensor([1], 'U64', BigUint64Array.of(2n ** 64n - 1n)))).toThrow(RangeError)
    expect(() => toInt32(weightTensor([1], 'F32', Float32Array.of(1.5)))).toThrow('tensor[0] is 1.5 (F32)')
    expect(() => convertTo(weightTensor([1], 'I8', Int8Array.of(-1)), 'uint8')).toThrow(RangeError)
    expect(() => toInt32(weightTensor([1], 'F32', Float32Array.of(Number.NaN)))).toThrow(RangeError)
  })

  it('takes anything but zero for true', () => {
    expect([...convertTo(weightTensor([3], 'I16', Int16Array.of(0, 2, -1)), 'bool')]).toEqual([0, 1, 1])
  })

  it('does not make real numbers of complex ones', () => {
    const complex = weightTensor([1], 'C64', Float32Array.of(1, 2))
    expect(() => toFloat32(complex, 'w')).toThrow('w holds complex numbers')
    expect(() => defaultDType('C64')).toThrow(RangeError)
  })

  it('gives every stored type the dtype of the engine', () => {
    expect([defaultDType('BF16'), defaultDType('I64'), defaultDType('U8'), defaultDType('BOOL')]).toEqual([
      'float32',
      'int32',
      'uint8',
      'bool',
    ])
  })
})
