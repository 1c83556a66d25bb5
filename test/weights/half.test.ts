import { describe, expect, it } from 'vitest'
import {
  bfloat16ToFloat32,
  float8E4m3Value,
  float8E5m2Value,
  float16Bits,
  float16ToFloat32,
  float16Value,
  float32ToBfloat16,
  float32ToFloat16,
} from '../../src/weights/half.ts'

const allBits = Uint16Array.from({ length: 65536 }, (_, i) => i)

describe('float16', () => {
  it('comes back unchanged from float32, for every number', () => {
    const back = float32ToFloat16(float16ToFloat32(allBits))
    for (const bits of allBits) {
      const nan = (bits & 0x7fff) > 0x7c00
      if (nan) expect((back[bits]! & 0x7fff) > 0x7c00).toBe(true)
      else if (back[bits] !== bits) expect(back[bits]).toBe(bits)
    }
  })

  it('has the values of IEEE 754', () => {
    expect(float16Value(0x3c00)).toBe(1)
    expect(float16Value(0xc000)).toBe(-2)
    expect(float16Value(0x7bff)).toBe(65504)
    expect(float16Value(0x0001)).toBe(2 ** -24)
    expect(float16Value(0x8000)).toBe(-0)
    expect(float16Value(0xfc00)).toBe(Number.NEGATIVE_INFINITY)
  })

  it('is rounded to nearest, ties to even, between every two neighbours', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const low = float16Value(bits)
      const high = float16Value(bits + 1)
      const middle = (low + high) / 2
      const tie = float16Bits(middle)
      const even = bits % 2 === 0 ? bits : bits + 1
      const below = float16Bits(middle - (high - low) / 64)
      const above = float16Bits(middle + (high - low) / 64)
      if (tie !== even || below !== bits || above !== bits + 1) {
        expect([bits, tie, below, above]).toEqual([bits, even, bits, bits + 1])
      }
    }
    expect(float16Bits(65519.99)).toBe(0x7bff)
    expect(float16Bits(65520)).toBe(0x7c00)
    expect(float16Bits(-1e30)).toBe(0xfc00)
    expect(float16Bits(1e-30)).toBe(0)
  })
})

describe('bfloat16', () => {
  it('comes back unchanged from float32, for every number', () => {
    const back = float32ToBfloat16(bfloat16ToFloat32(allBits))
    for (const bits of allBits) {
      const nan = (bits & 0x7fff) > 0x7f80
      if (nan) expect((back[bits]! & 0x7fff) > 0x7f80).toBe(true)
      else if (back[bits] !== bits) expect(back[bits]).toBe(bits)
    }
  })

  it('is rounded to nearest, ties to even', () => {
    const half = 2 ** -8
    const values = [1 + half, 1 + 3 * half, 1 + half * 1.01, 1 + half * 0.99, 3.4e38, -Number.MIN_VALUE]
    expect([...float32ToBfloat16(Float32Array.from(values))]).toEqual([
      0x3f80, 0x3f82, 0x3f81, 0x3f80, 0x7f80, 0x8000,
    ])
  })
})

describe('float8', () => {
  it('has the values of its two formats', () => {
    expect([0x38, 0xb8, 0x7e, 0x01, 0x08].map(float8E4m3Value)).toEqual([1, -1, 448, 2 ** -9, 2 ** -6])
    expect(float8E4m3Value(0x7f)).toBeNaN()
    expect([0x3c, 0xbc, 0x7b, 0x01, 0x7c].map(float8E5m2Value)).toEqual([
      1,
      -1,
      57344,
      2 ** -16,
      Number.POSITIVE_INFINITY,
    ])
  })
})
